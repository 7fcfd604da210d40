"""New ids are UUIDs that nobody else is given: no thread, and no process that was forked."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor

from fhir_server.new_ids import new_id

EACH = 1_000


def test_an_id_is_a_random_uuid_as_fhir_writes_it():
    made = new_id()

    assert str(uuid.UUID(made)) == made
    assert uuid.UUID(made).version == 4


def test_threads_are_given_different_ids():
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_id(), range(8 * EACH)))

    assert len(set(made)) == len(made)


def test_a_forked_process_is_given_different_ids():
    new_id()  # some are ready now
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, " ".join(new_id() for _ in range(50)).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as said:
        theirs = said.read().split()

    assert len(theirs) == 50
    assert not {new_id() for _ in range(EACH)} & set(theirs)
