"""The loader, the API, the workers and what wakes them."""

import http.client
import json
import pathlib
import socket

import machine
import millrace
import traffic

AGGREGATE, LOADER, TICK = "millrace-aggregate.service", "millrace-load.service", "millrace-tick.service"


def installation():
    """Everything at work; gives the key of a project."""
    millrace.configure()
    key = millrace.new_key()
    millrace.start_everything()
    return key


def override(unit, text):
    """Changes a unit's [Service] until the box ends."""
    folder = pathlib.Path(f"/run/systemd/system/{unit}.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "90-test.conf").write_text("[Service]\n" + text)
    machine.systemctl("daemon-reload")


def job(kind):
    """The newest job of a kind."""
    jobs = millrace.tool_json("jobs", "list", "--kind", kind)
    return jobs[0] if jobs else None


def loader():
    """the loader loads what came, also what came while it was away"""
    key = installation()
    assert traffic.post(millrace.PORT, key, traffic.events(30)) == 202
    millrace.wait_for_events(30)
    machine.systemctl("stop", LOADER)
    assert traffic.post(millrace.INGEST, key, traffic.events(20)) == 202
    assert millrace.events() == 30
    machine.systemctl("start", LOADER)
    millrace.wait_for_events(50)
    modes = {oct(path.stat().st_mode & 0o777) for path in pathlib.Path(millrace.DATA, "events").rglob("*.parquet")}
    assert modes == {"0o600"}, modes


def aggregation_by_hand():
    """`systemctl start millrace-aggregate` ends when funnel:live is written; a second one has nothing to do"""
    key = installation()
    assert traffic.post(millrace.PORT, key, traffic.events(40)) == 202
    millrace.wait_for_events(40)
    machine.systemctl("start", AGGREGATE)
    assert (job("aggregate")["state"], job("aggregate")["asked_by"]) == ("completed", "timer"), job("aggregate")
    assert isinstance(json.loads(millrace.tool("kv", "get", "funnel:live")), dict)
    assert machine.show(AGGREGATE, "Result") == "success"
    first = job("aggregate")["id"]
    machine.systemctl("start", AGGREGATE)
    assert job("aggregate")["id"] == first


def aggregation_on_request():
    """a job that is queued wakes its worker's unit, which does it"""
    installation()
    done = millrace.tool_json("jobs", "run", "aggregate", "--wait")
    assert done["state"] == "completed", done
    machine.wait_until(
        lambda: any(done["id"] in text for text in machine.messages(f"_SYSTEMD_UNIT={AGGREGATE}")), 5,
        "the job was done by something else")
    assert not pathlib.Path(millrace.DATA, "wake/aggregate").exists()
    assert machine.show("millrace-aggregate.path", "ActiveState") == "active"


def often():
    """a worker can be woken any number of times in a short time, and its path never gives up"""
    installation()
    for _ in range(12):
        millrace.tool("jobs", "run", "aggregate", "--wait")
    assert machine.states("millrace-aggregate.path").startswith("active"), machine.states("millrace-aggregate.path")
    states = {entry["state"] for entry in millrace.tool_json("jobs", "list", "--kind", "aggregate")}
    assert states == {"completed"}, states


def failing_worker():
    """a worker that cannot work reaches the failure hook with what it said, and is started again"""
    installation()
    override(AGGREGATE, "RestartSec=200ms\n")
    database = pathlib.Path(millrace.DATA, "control.sqlite")
    database.rename(database.with_suffix(".away"))
    machine.fails("systemctl", "start", AGGREGATE)
    told = machine.wait_until(
        lambda: [entry for entry in machine.journal("-u", AGGREGATE, "-p", "err")
                 if f"{AGGREGATE} failed (exit-code " in entry["MESSAGE"]], 10, "the hook said nothing")
    assert "control.sqlite" in told[0]["MESSAGE"], told[0]["MESSAGE"]
    machine.wait_until(lambda: int(machine.show(AGGREGATE, "NRestarts")) >= 8, 30, "it is not started again")
    database.with_suffix(".away").rename(database)
    machine.wait_until(lambda: machine.show(AGGREGATE, "Result") == "success", 20, lambda: machine.states(AGGREGATE))
    hooks = [text for text in machine.messages("-u", AGGREGATE, "-p", "err") if f"{AGGREGATE} failed (" in text]
    assert len(hooks) <= 5, hooks


def hanging_worker():
    """a worker that hangs ends at its limit and reaches the failure hook"""
    millrace.configure()
    override(AGGREGATE, "ExecStart=\nExecStart=/usr/bin/sleep 600\nExecPaths=/usr/bin\nTimeoutStartSec=1s\n")
    machine.fails("systemctl", "start", AGGREGATE)
    machine.wait_until(
        lambda: [text for text in machine.messages("-u", AGGREGATE, "-p", "err") if "failed (timeout" in text], 10,
        "the hook said nothing")


def interrupted(how):
    """Ends a worker in the middle of a job by what `how` does to its unit; the job has to go on and to complete."""
    millrace.configure("[jobs]\nlease_seconds = 5\nbackoff_seconds = 0.1\n")
    key = millrace.new_key()
    millrace.start_sockets()
    override(AGGREGATE, "RestartSec=1s\nTimeoutStartSec=8s\nTimeoutStopSec=1s\n")
    assert traffic.post(millrace.PORT, key, traffic.events(5)) == 202
    # As long as no loader runs, the job is under way, and waits for it.
    machine.systemctl("start", "--no-block", AGGREGATE)
    machine.wait_until(lambda: (job("aggregate") or {}).get("state") == "running", 10, lambda: job("aggregate"))
    how()
    machine.wait_until(lambda: int(machine.show(AGGREGATE, "NRestarts")) >= 1, 30, "the worker was not started again")
    machine.systemctl("start", LOADER, "millrace-aggregate.path")

    def is_done():
        machine.systemctl("start", TICK)
        return job("aggregate")["state"] == "completed"

    machine.wait_until(is_done, 60, lambda: job("aggregate"))
    assert len(millrace.tool_json("jobs", "list", "--kind", "aggregate")) == 1
    assert machine.messages("-u", AGGREGATE, "-p", "err"), "the hook said nothing"


def killed_worker():
    """a worker that is killed in the middle of a job reaches the failure hook, and its job goes on and completes"""
    interrupted(lambda: machine.systemctl("kill", "--signal=KILL", AGGREGATE))
    assert job("aggregate")["attempt"] == 2, job("aggregate")


def frozen_worker():
    """a worker that stands still in the middle of a job ends at its limit, and its job goes on and completes"""
    interrupted(lambda: machine.systemctl("kill", "--signal=STOP", AGGREGATE))


def tick():
    """the tick runs; that it fails is told when several in a row did"""
    millrace.configure()
    machine.systemctl("start", TICK)
    assert "rescued 0" in " ".join(machine.messages(f"_SYSTEMD_UNIT={TICK}")), machine.messages(f"_SYSTEMD_UNIT={TICK}")
    override(TICK, "ExecStart=\nExecStart=/usr/bin/false\nExecPaths=/usr/bin\nRestartSec=100ms\n")
    machine.fails("systemctl", "start", TICK)
    told = machine.wait_until(
        lambda: [text for text in machine.messages("-u", TICK, "-p", "err") if f"{TICK} failed (" in text], 20,
        "the hook said nothing")
    assert "restarts: 3" in told[0] or "restarts: 4" in told[0], told
    assert int(machine.show(TICK, "NRestarts")) >= 3


def leases_know_the_boot():
    """workers and the tick can read the boot's id, by which leases tell one boot from another"""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    for unit in (AGGREGATE, TICK):
        override(unit, "ExecStart=\nExecStart=/usr/bin/cat /proc/sys/kernel/random/boot_id\nExecPaths=/usr/bin\n")
        machine.systemctl("start", unit)
        assert boot in machine.messages(f"_SYSTEMD_UNIT={unit}"), machine.messages("-u", unit)


def api():
    """the API answers on loopback, and is back after it was killed"""
    installation()
    for _ in range(2):
        machine.wait_until(answers, 20, lambda: machine.messages("-u", "millrace-api.service"))
        machine.systemctl("kill", "--signal=KILL", "millrace-api.service")
        machine.wait_until(lambda: not answers(), 5, "the API was not killed")
    machine.wait_until(answers, 20, "the API is not back")


def networks():
    """the API reaches loopback alone; loader, worker and tick reach nothing"""
    millrace.configure()
    machine.add_address("10.9.8.7")
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        places = [f"127.0.0.1:{port}", f"10.9.8.7:{port}"]
        outside = machine.run("/usr/bin/python3", "-B", "/box/tests/reach.py", *places)
        assert outside.splitlines() == [f"{place} reached" for place in places], outside
        for unit in ("millrace-api.service", LOADER, AGGREGATE, TICK):
            override(unit, f"Type=oneshot\nRestart=no\nExecStart=\nExecPaths=/usr/bin\nExecStart=/usr/bin/python3 -B "
                     f"/box/tests/reach.py {' '.join(places)}\n")
            machine.systemctl("start", unit)
            said = machine.messages(f"_SYSTEMD_UNIT={unit}")
            is_api = unit == "millrace-api.service"
            assert said == [f"{places[0]} {'reached' if is_api else 'not reached'}", f"{places[1]} not reached"], said


def answers():
    try:
        connection = http.client.HTTPConnection("127.0.0.1", millrace.API_PORT, timeout=2)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


TESTS = [loader, aggregation_by_hand, aggregation_on_request, often, failing_worker, hanging_worker, killed_worker,
         frozen_worker, tick, leases_know_the_boot, api, networks]
