"""Devices of processes, and what becomes of one that is killed."""
from queue import Empty
from types import SimpleNamespace

import pytest
import torch

from regionclip_mm.apis import feature_processes
from regionclip_mm.apis.feature_processes import devices_of


def test_devices(monkeypatch):
    monkeypatch.setattr(feature_processes, 'check_device', lambda device: None)
    monkeypatch.setattr(feature_processes.os, 'cpu_count', lambda: 64)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    assert devices_of('cpu', None) == ['cpu'] * 4
    assert devices_of('cpu', 9) == ['cpu'] * 9
    assert devices_of('cuda', None) == ['cuda:0', 'cuda:1']
    assert devices_of('cuda', 3) == ['cuda:0', 'cuda:1', 'cuda:0']
    assert devices_of('cuda:1', None) == ['cuda:1']


@pytest.mark.parametrize('device', ['cuda', 'cuda:7', 'gpu'])
def test_devices_that_are_not_there(device):
    with pytest.raises(ValueError, match=f'--device {device} cannot be used'):
        devices_of(device, 2)


def test_a_process_that_is_killed():
    def get(timeout):
        raise Empty
    with pytest.raises(RuntimeError, match='a process ended with the code -9'):
        feature_processes._next(SimpleNamespace(get=get), [
            SimpleNamespace(exitcode=None), SimpleNamespace(exitcode=-9)])


def test_nothing_to_do():
    assert list(feature_processes.run_processes(None, ['cpu'], [])) == []
