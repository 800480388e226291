"""Devices of processes."""
import pytest
import torch

from regionclip_mm.apis import devices
from regionclip_mm.apis.devices import devices_of


def test_devices(monkeypatch):
    monkeypatch.setattr(devices, 'check_device', lambda device: None)
    monkeypatch.setattr(devices.os, 'cpu_count', lambda: 64)
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
