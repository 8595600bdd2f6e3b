"""Cases of python-etcd3 against one member: python-etcd3.py HOST:PORT PREFIX CASE

A case that does not hold raises; the exit code and the traceback tell.
"""

import os
import sys
import threading
import time

import etcd3

host, port = sys.argv[1].rsplit(":", 1)
prefix = sys.argv[2]
client = etcd3.client(host=host, port=int(port), timeout=10)


def key(name):
    return prefix + name


def equal(actual, expected):
    if actual != expected:
        raise AssertionError("%r is not %r" % (actual, expected))


def wait_until(holds, timeout=10):
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError("not within %s s" % timeout)
        time.sleep(0.05)


def put_get_delete():
    put = client.put(key("k"), "value")
    value, meta = client.get(key("k"))
    equal(value, b"value")
    equal(meta.key, key("k").encode())
    equal((meta.version, meta.create_revision, meta.mod_revision), (1,) + (put.header.revision,) * 2)
    equal(client.put(key("k"), "other", prev_kv=True).prev_kv.value, b"value")
    equal(client.get(key("k"))[1].version, 2)
    equal(client.delete(key("k")), True)
    equal(client.delete(key("k")), False)
    equal(client.get(key("k")), (None, None))
    equal(client.put_if_not_exists(key("new"), "1"), True)
    equal(client.put_if_not_exists(key("new"), "2"), False)
    equal(client.get(key("new"))[0], b"1")
    equal(client.replace(key("new"), "1", "3"), True)
    equal(client.replace(key("new"), "1", "4"), False)


def prefix_and_range():
    for name in ("b", "a", "c"):
        client.put(key(name), name)
    equal([value for value, _ in client.get_prefix(prefix)], [b"a", b"b", b"c"])
    descending = client.get_prefix(prefix, sort_order="descend", sort_target="key")
    equal([value for value, _ in descending], [b"c", b"b", b"a"])
    by_creation = client.get_prefix(prefix, sort_order="ascend", sort_target="create")
    equal([value for value, _ in by_creation], [b"b", b"a", b"c"])
    equal([value for value, _ in client.get_range(key("a"), key("c"))], [b"a", b"b"])
    equal(client.delete_prefix(prefix).deleted, 3)
    equal(list(client.get_prefix(prefix)), [])


def transaction():
    client.put(key("k"), "1")
    tx = client.transactions
    succeeded, answers = client.transaction(
        compare=[tx.value(key("k")) == "1", tx.version(key("k")) > 0],
        success=[tx.put(key("k"), "2"), tx.get(key("k"))],
        failure=[tx.put(key("k"), "wrong")],
    )
    equal(succeeded, True)
    equal(answers[1][0][0], b"2")
    succeeded, answers = client.transaction(
        compare=[tx.create(key("k")) == 0],
        success=[tx.put(key("k"), "wrong")],
        failure=[tx.delete(key("k")), tx.get(key("k"))],
    )
    equal(succeeded, False)
    equal(answers[1], [])
    equal(client.get(key("k")), (None, None))


def watch_follows():
    events, cancel = client.watch_prefix(prefix)
    client.put(key("a"), "1")
    client.put(key("b"), "2")
    client.delete(key("a"))
    seen = [next(events) for _ in range(3)]
    cancel()
    equal([type(event).__name__ for event in seen], ["PutEvent", "PutEvent", "DeleteEvent"])
    equal([event.key for event in seen], [key(name).encode() for name in ("a", "b", "a")])
    equal([event.value for event in seen[:2]], [b"1", b"2"])


def watch_from_the_past():
    first = client.put(key("k"), "1").header.revision
    client.put(key("k"), "2")
    events, cancel = client.watch(key("k"), start_revision=first, prev_kv=True)
    equal([next(events).value for _ in range(2)], [b"1", b"2"])
    cancel()


def watch_compacted_is_refused():
    first = client.put(key("k"), "1").header.revision
    last = client.put(key("k"), "2").header.revision
    client.compact(last)
    events, cancel = client.watch(key("k"), start_revision=first)
    try:
        next(events)
    except etcd3.exceptions.RevisionCompactedError as error:
        equal(error.compacted_revision, last)
    else:
        raise AssertionError("an event from a compacted revision")
    finally:
        cancel()


def watch_once_and_callback():
    arrived = []
    watch_id = client.add_watch_callback(key("called"), lambda answer: arrived.append(answer))
    threading.Timer(0.2, client.put, (key("once"), "v")).start()
    equal(client.watch_once(key("once"), timeout=5).value, b"v")
    client.put(key("called"), "v")
    wait_until(lambda: arrived)
    equal(arrived[0].events[0].value, b"v")
    client.cancel_watch(watch_id)


def lock():
    # One after the other: waiting in acquire() fails inside python-etcd3 0.12 with tenacity 8.
    first = client.lock(key("l"), ttl=10)
    second = client.lock(key("l"), ttl=10)
    equal(first.acquire(timeout=5), True)
    equal((first.is_acquired(), second.is_acquired()), (True, False))
    equal([answer.TTL for answer in first.refresh()], [10])
    equal(second.release(), False)
    equal(first.is_acquired(), True)
    equal(first.release(), True)
    equal(second.acquire(timeout=5), True)
    equal((first.is_acquired(), second.is_acquired()), (False, True))
    second.lease.revoke()
    equal(second.is_acquired(), False)
    with first:
        equal(first.is_acquired(), True)
    equal(first.is_acquired(), False)


def lease_keeps_and_revokes():
    lease = client.lease(20)
    equal(lease.granted_ttl, 20)
    client.put(key("k"), "v", lease=lease)
    equal(client.get(key("k"))[1].lease_id, lease.id)
    equal(lease.keys, [key("k").encode()])
    equal(lease.remaining_ttl in (19, 20), True)
    equal([answer.TTL for answer in lease.refresh()], [20])
    lease.revoke()
    equal(client.get(key("k")), (None, None))
    info = client.get_lease_info(lease.id)
    equal((info.TTL, info.grantedTTL), (-1, 0))


def lease_expires():
    lease = client.lease(2)
    client.put(key("k"), "v", lease=lease)
    wait_until(lambda: client.get(key("k")) == (None, None))
    equal([answer.TTL for answer in lease.refresh()], [0])


def cluster():
    status = client.status()
    equal(status.leader.id in [member.id for member in client.members], True)
    equal(list(client.list_alarms()), [])
    client.hash()
    client.defragment()


if __name__ == "__main__":
    globals()[sys.argv[3]]()
    os._exit(0)  # without close(), after which the client's watch thread complains
