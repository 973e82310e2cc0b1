"""The way from a beacon to funnel:live and the dashboard, through the real programs.

Usage: first_minutes.py [--programs DIR] [--visitors N]
"""

import argparse
import base64
import http.client
import json

from installation import Installation, programs_of, run

arguments = argparse.ArgumentParser()
arguments.add_argument("--programs", default=None)
arguments.add_argument("--visitors", type=int, default=500)
options = arguments.parse_args()
PASSWORD = "correct horse battery"


def the_demo_comes_out_as_it_went_in():
    """funnel:live and the dashboard hold what the demo says it sent, and `down` leaves no process"""
    with Installation(programs=options.programs, segment_mib=8) as installation:
        password_hash = installation.tool("password-hash", text_input=PASSWORD).strip()
        with installation.config.open("a") as config:
            config.write(f'[[admin.users]]\nname = "admin"\npassword_hash = "{password_hash}"\n')
        installation.tool("up", "--detach")
        try:
            check(installation)
        finally:
            installation.tool("down")
        left = programs_of(installation.root)
        assert not left, f"processes are left: {left}"


def check(installation):
    keys = installation.json("project", "create", "demo")
    sent = installation.json("demo", "--visitors", options.visitors, "--seed", 7)["live"]
    installation.tool("jobs", "run", "aggregate", "--wait")
    live = json.loads(installation.tool("kv", "get", "funnel:live"))
    summary = live["summary"]
    assert summary["totalVisitors"] == sent["visitors"], (summary, sent)
    assert summary["totalConversions"] == sent["conversions"], (summary, sent)
    assert abs(summary["totalRevenue"] - sent["revenue"]) < 0.005, (summary, sent)
    for name, variant in live["variants"].items():
        assert variant["visitors"] == sent["variants"][name]["visitors"], (name, variant, sent)
        assert variant["conversions"] == sent["variants"][name]["conversions"], (name, variant, sent)
    assert set(live["variants"]) == {"A", "B"}

    status, body = get(installation, "/api/funnel-metrics", {"X-API-Key": keys["secret_key"]})
    assert status == 200 and json.loads(body)["data"]["live"]["summary"] == summary, (status, body[:500])
    status, _ = get(installation, "/api/funnel-metrics", {"X-API-Key": keys["public_key"]})
    assert status in (401, 403), status
    status, _ = get(installation, "/admin/funnel-dashboard/", {})
    assert status == 401, status
    credentials = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    status, page = get(installation, "/admin/funnel-dashboard/", {"Authorization": f"Basic {credentials}"})
    shown = page.decode()
    assert status == 200, status
    assert str(summary["totalVisitors"]) in shown.replace(",", "").replace("\u202f", ""), "the visitors are not shown"


def get(installation, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", installation.api_port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


run([the_demo_comes_out_as_it_went_in])
