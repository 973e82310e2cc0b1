"""Tries to connect to each address and port named in its arguments, and says for each whether that worked."""

import socket
import sys

for place in sys.argv[1:]:
    host, port = place.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        print(f"{place} reached")
    except OSError:
        print(f"{place} not reached")
