"""What becomes of a process that is killed."""
from queue import Empty
from types import SimpleNamespace

import pytest

from regionclip_mm.apis import feature_processes


def test_a_process_that_is_killed():
    def get(timeout):
        raise Empty
    with pytest.raises(RuntimeError, match='a process ended with the code -9'):
        feature_processes._next(SimpleNamespace(get=get), [
            SimpleNamespace(exitcode=None), SimpleNamespace(exitcode=-9)])


def test_nothing_to_do():
    assert list(feature_processes.run_processes(None, ['cpu'], [])) == []
