#include <signal.h>
#include <stdlib.h>

#include "load.h"

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    struct run *run = calloc(1, sizeof *run);
    if (!run) fail(70, "no memory");
    run->options = read_options(count, arguments);
    run->messages = make_messages(&run->options);
    connect_all(run);
    drive(run);
    return report(run) ? 0 : 1;
}
