"""Timers, with a clock that really passes their times."""

import machine
import millrace

TIMER = "millrace-aggregate.timer"


def slots():
    """The slots of all aggregation jobs with their states, the oldest first."""
    jobs = millrace.tool_json("jobs", "list", "--kind", "aggregate")
    return sorted((job["slot"], job["state"]) for job in jobs)


def completed(*wanted):
    machine.wait_until(lambda: slots() == [(slot, "completed") for slot in wanted], 20, slots)


def every_twelve_hours():
    """the aggregation's timer elapses at 00:00 and 12:00 UTC, and each slot is one job"""
    millrace.configure()
    millrace.new_key()
    machine.systemctl("enable", "--now", TIMER)
    assert slots() == []
    machine.set_clock("2025-03-01T11:59:58Z")
    completed("2025-03-01T12:00Z")
    machine.set_clock("2025-03-01T23:59:58Z")
    completed("2025-03-01T12:00Z", "2025-03-02T00:00Z")
    # A clock that is set back, and a start by hand in a slot that is done, make no second job of it.
    machine.set_clock("2025-03-01T13:00:00Z")
    machine.systemctl("start", "millrace-aggregate.service")
    machine.set_clock("2025-03-02T00:00:10Z")
    machine.systemctl("start", "millrace-aggregate.service")
    completed("2025-03-01T12:00Z", "2025-03-02T00:00Z")


def machine_was_off():
    """what a machine missed while it was off is made up for, each slot once, as soon as the timer is back"""
    millrace.configure()
    millrace.new_key()
    machine.systemctl("enable", "--now", TIMER)
    machine.set_clock("2025-03-01T11:59:58Z")
    completed("2025-03-01T12:00Z")
    machine.systemctl("stop", TIMER)
    machine.set_clock("2025-03-03T07:00:00Z")
    machine.systemctl("start", TIMER)
    missed = ["2025-03-02T00:00Z", "2025-03-02T12:00Z", "2025-03-03T00:00Z"]
    completed("2025-03-01T12:00Z", *missed)
    machine.systemctl("restart", TIMER)
    machine.systemctl("start", "millrace-aggregate.service")
    completed("2025-03-01T12:00Z", *missed)


def every_minute():
    """the tick's timer elapses at each full minute"""
    millrace.configure()
    machine.systemctl("enable", "--now", "millrace-tick.timer")
    for minute in (1, 2):
        machine.set_clock(f"2025-03-01T08:0{minute}:58Z")
        machine.wait_until(
            lambda: f"08:0{minute + 1}:0" in machine.show("millrace-tick.timer", "LastTriggerUSec"), 10,
            lambda: machine.show("millrace-tick.timer", "LastTriggerUSec"))
        machine.wait_until(lambda: machine.show("millrace-tick.service", "Result") == "success", 5, "the tick failed")


for test in (every_twelve_hours, machine_was_off, every_minute):
    test.date = "2025-03-01T08:00:00Z"
TESTS = [every_twelve_hours, machine_was_off, every_minute]
