"""Engines killed with SIGKILL while sensors send, and started again, as whoever looks after them would."""
import time

AWAY_S = 3  # between the end of a process and its next start


def kill_task_manager(machine):
    """On a cluster another one takes over; here the same place is filled again."""
    machine.by_name["taskmanager"].stop(kill=True)
    start_again(machine, "taskmanager")


def kill_pinot(machine):
    machine.by_name["pinot"].stop(kill=True)
    time.sleep(AWAY_S)
    start_again(machine, "pinot")


def kill_cassandra(machine):
    machine.by_name["cassandra"].stop(kill=True)
    time.sleep(AWAY_S)
    start_again(machine, "cassandra")


def kill_broker(machine):
    machine.kafka("down", "--kill")
    time.sleep(AWAY_S)
    machine.start_kafka()


def start_again(machine, name):
    waiting = {}
    machine.start(name, waiting)
    machine.wait(name, waiting, time.monotonic())


FAULTS = {"taskmanager": kill_task_manager, "pinot": kill_pinot, "cassandra": kill_cassandra,
          "broker": kill_broker}
