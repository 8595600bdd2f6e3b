"""A contender for one queue, by python-etcd3: takes its turn again and again, and appends its fence to a shared register.

    contender.py HOST:PORT NAME REGISTER WHO TTL_SECONDS HOLD_MILLISECONDS

python-etcd3's own Lock is one key that is there or not, so it cannot stand in a queue with anyone. What everyone else
does is written here again with its transactions and watches: an entry under the name, and a wait for the one before it.
Prints a line of JSON for what happens. It is ended by killing it.
"""

import json
import sys
import threading
import time

import etcd3

host, port = sys.argv[1].rsplit(":", 1)
name, register, who = sys.argv[2:5]
ttl_seconds, hold_milliseconds = int(sys.argv[5]), int(sys.argv[6])
client = etcd3.client(host=host, port=int(port), timeout=10)
tx = client.transactions


class Lost(Exception):
    pass


def report(event, **more):
    print(json.dumps({"event": event, "atMs": time.time() * 1000, **more}), flush=True)


def keep_alive(lease, over):
    while not over.wait(ttl_seconds / 3):
        lease.refresh()


def enter(lease):
    """Stands in the queue. @returns the entry's key and its create revision."""
    key = "%s/%x" % (name, lease.id)
    succeeded, answers = client.transaction(
        compare=[tx.create(key) == 0],
        success=[tx.put(key, who, lease), tx.get(key)],
        failure=[],
    )
    if not succeeded:
        raise Lost("stands in the queue already: " + key)
    return key, answers[1][0][1].create_revision


def wait_until_first(key, fence):
    while True:
        queue = client.get_prefix_response(
            name + "/", sort_order="ascend", sort_target="create", keys_only=True
        )
        before = [kv.key.decode() for kv in queue.kvs if kv.create_revision < fence]
        if not any(kv.create_revision == fence for kv in queue.kvs):
            raise Lost("left the queue: " + key)
        if not before:
            return
        wait_for_delete(before[-1], queue.header.revision + 1)


def wait_for_delete(key, revision):
    events, cancel = client.watch(key, start_revision=revision)
    for event in events:
        if isinstance(event, etcd3.events.DeleteEvent):
            break
    cancel()


def section(key, fence):
    """What the lock protects: read, think, write. The write is guarded by the fence, not by what was read."""
    report("acquired", key=key, fence=fence)
    before, _ = client.get(register)
    text = (before or b"").decode()
    time.sleep(hold_milliseconds / 1000)
    succeeded, _ = client.transaction(
        compare=[tx.create(key) == fence],
        success=[tx.put(register, "%s%d %s\n" % (text, fence, who))],
        failure=[],
    )
    if not succeeded:
        raise Lost("refused by the fence: " + key)
    report("released", key=key, fence=fence)


def contend():
    lease, over = client.lease(ttl_seconds), threading.Event()
    threading.Thread(target=keep_alive, args=(lease, over), daemon=True).start()
    try:
        while True:
            key, fence = enter(lease)
            wait_until_first(key, fence)
            section(key, fence)
            client.delete(key)
    finally:
        over.set()


while True:
    try:
        contend()
    except (Lost, etcd3.exceptions.Etcd3Exception) as error:
        report("lost", reason=repr(error))
