"""What torch before 2.6 reads with, tried with any torch."""
import collections
import os
import random
import zipfile
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import CheckpointLoader

from regionclip_mm.io import checkpoint_loader, files
from regionclip_mm.io.checkpoint_loader import open_checkpoints_as_plain_data
from regionclip_mm.io.files import load_plain_file, save_plain_file
from regionclip_mm.io.plain_types import NUMBERS as NUMBER_KEYS


@pytest.fixture(autouse=True)
def older_torch(monkeypatch):
    """As if there were no list of types to add to."""
    for module in (files, checkpoint_loader):
        monkeypatch.setattr(module, 'READS_PLAIN_TYPES', False)
    monkeypatch.setattr(CheckpointLoader, '_schemes',
                        dict(CheckpointLoader._schemes))


class Evil:
    """Asks for a function when it is read."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


def test_a_checkpoint_of_the_runner(tmp_path):
    hub = MessageHub.get_instance('plain pickle')
    hub.update_scalar('train/loss', torch.tensor(2.0))
    path = tmp_path / 'epoch_3.pth'
    state = collections.OrderedDict(a=torch.ones(2), b=torch.zeros(
        2, dtype=torch.bfloat16), c=torch.tensor([True]))
    state._metadata = dict(version=1)
    save_plain_file(dict(
        state_dict=state, rng=random.getstate(), size=torch.Size([2]),
        device=torch.device('cpu'), numbers=np.arange(3.),
        one=np.float64(2), names={'a'}, bytes=b'\xff',
        message_hub=hub.state_dict()), path)
    open_checkpoints_as_plain_data()
    loaded = CheckpointLoader.load_checkpoint(str(path), 'cpu', None)
    assert loaded['state_dict'].keys() == state.keys()
    assert loaded['state_dict']._metadata == dict(version=1)
    assert loaded['state_dict']['b'].dtype == torch.bfloat16
    assert loaded['rng'] == random.getstate() and loaded['names'] == {'a'}
    np.testing.assert_array_equal(loaded['numbers'], [0, 1, 2])
    history = loaded['message_hub']['log_scalars']['train/loss']
    assert isinstance(history, HistoryBuffer) and history.mean() == 2.0


@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('function, args, name', [
    (os.system, ('touch ran', ), 'posix.system'),
    (eval, ('open("ran", "w")', ), '__builtin__.eval'),
    (collections.deque, (), 'collections.deque'),
])
def test_what_runs_code_is_refused(tmp_path, monkeypatch, zipped, function,
                                   args, name):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(a=torch.ones(1), b=Evil(function, *args)), 'w.pth',
               _use_new_zipfile_serialization=zipped)
    open_checkpoints_as_plain_data()
    for load in (load_plain_file,
                 lambda path: CheckpointLoader.load_checkpoint(path)):
        with pytest.raises(ValueError, match=rf'run code \(it asks for {name}'
                           r'\)'):
            load('w.pth')
    assert not os.path.exists('ran')


def test_getattr_reaches_nothing_else(tmp_path):
    torch.save(Evil(getattr, HistoryBuffer, '__init__'), tmp_path / 'w.pth')
    with pytest.raises(ValueError, match='asks for __init__'):
        load_plain_file(tmp_path / 'w.pth')


def test_an_address_is_read_the_same_way(tmp_path, monkeypatch):
    torch.save(dict(a=Evil(os.system, 'touch ran')), tmp_path / 'w.pth')
    monkeypatch.setattr(checkpoint_loader, 'fetch',
                        lambda url, path: tmp_path / 'w.pth')
    open_checkpoints_as_plain_data()
    with pytest.raises(ValueError, match='tries to run code'):
        CheckpointLoader.load_checkpoint('http://example.com/w.pth', 'cpu')


class Script(torch.nn.Module):
    """Something to compile."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_torchscript_is_not_loaded_as_such(tmp_path, monkeypatch):
    torch.jit.save(torch.jit.script(Script()), tmp_path / 'w.pt')
    monkeypatch.setattr(torch.jit, 'load', None)
    with pytest.raises(ValueError, match='asks for torch.jit.load'):
        load_plain_file(tmp_path / 'w.pt')


def text(word):
    return b'X' + len(word).to_bytes(4, 'little') + word.encode()


def write(folder, pickled):
    path = folder / 'w.pth'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('w/data.pkl', b'\x80\x02' + pickled + b'.')
        archive.writestr('w/version', '3\n')
        archive.writestr('w/byteorder', 'little')
    return path


def test_source_code_and_tar_files(tmp_path):
    """Of the older formats: torch would compare the first with files, and
    unpack the second."""
    import pickle
    import tarfile
    path = tmp_path / 'w.pth'
    code = b'\x80\x02(' + text('module') + b'cbuiltins\nset\n' + text(
        'a') + text('b') + b'tQ.'
    path.write_bytes(b''.join(pickle.dumps(one, 2) for one in (
        0x1950a86a20f9469cfc6c, 1001, {})) + code)
    with pytest.raises(ValueError, match='something other than a storage'):
        load_plain_file(path)
    with tarfile.open(path, 'w') as archive:
        archive.add(__file__, 'storages')
    with pytest.raises(ValueError, match='it is a tar file'):
        load_plain_file(path)


HISTORY = b'cmmengine.logging.history_buffer\nHistoryBuffer\n'
GETATTR = b'cbuiltins\ngetattr\n'
GET = GETATTR + HISTORY + text('__getattribute__') + b'\x86R'
EMPTY = HISTORY + b')\x81'
NUMBERS = b''.join(text(key) + b'N' for key in NUMBER_KEYS)


@pytest.mark.parametrize('older', [True, False])
def test_classes_stay_as_they_are(tmp_path, monkeypatch, older):
    """A rebuilding function of torch that would set an attribute of what
    another one, taken from a history, gives it: of a class."""
    current = GETATTR + HISTORY + text('current') + b'\x86R'

    def filled(key, value):
        return (b'ccollections\nOrderedDict\n)R}' + text(key) + value + b'sb')

    def listed(item):
        return b']' + item + b'a'
    inner = filled('as_subclass', current)
    pickled = (
        b'ctorch._tensor\n_rebuild_from_type_v2\n(' + current
        + filled('_log_history', listed(b'ctorch\nTensor\n'))
        + filled('_log_history', listed(inner)) + b'\x85}' + text('cpu')
        + b'ctorch\nSize\nstR')
    before = torch.Tensor.cpu
    monkeypatch.setattr(files, 'READS_PLAIN_TYPES', not older)
    path = write(tmp_path, pickled)
    try:
        load_plain_file(path)
    except ValueError:
        pass
    else:
        pytest.fail('it was opened')
    finally:
        changed, torch.Tensor.cpu = torch.Tensor.cpu, before
    assert changed is before


@pytest.mark.parametrize('pickled, message', [
    # a history that brings a statistic of its own, then asks for that
    (EMPTY + b'}(' + NUMBERS + text('statistics_methods') + b'}' + text(
        '__getattribute__') + b'Nsub0' + GET, 'asks for __getattribute__'),
    (GET, 'asks for __getattribute__'),
    # what a name stands for is filled
    (GETATTR + b'N}' + text('__defaults__') + b'Ns\x86b', 'it fills a'),
    (b'ctorch._utils\n_rebuild_tensor_v2\nN}' + text('__code__')
     + b'Ns\x86b', 'it fills a'),
    (HISTORY + b'N}' + text('mean') + b'Ns\x86b', 'it fills a'),
    (b'ccollections\nOrderedDict\n)R}' + text('detach') + b'Nsb',
     'it fills an OrderedDict'),
    (b'ctorch._tensor\n_rebuild_from_type_v2\n', 'it asks for torch._ten'),
    # something is called that no name was looked up for
    (b']N\x85R', "it calls a <class 'list'>"),
    (b'(' + GETATTR + text('a') + b'o', 'it is unreadable'),
    (b'(' + text('a') + b'iposix\nsystem\n', 'it is unreadable'),
])
@pytest.mark.parametrize('older', [True, False])
def test_ways_around_the_list(tmp_path, monkeypatch, pickled, message, older):
    path = write(tmp_path, pickled)
    monkeypatch.setattr(files, 'READS_PLAIN_TYPES', not older)
    before = dict(vars(HistoryBuffer))
    if older:
        with pytest.raises(ValueError, match=message):
            load_plain_file(path)
    else:  # torch itself allows the last two
        with suppress(ValueError):
            load_plain_file(path)
    assert dict(vars(HistoryBuffer)) == before
    assert set(HistoryBuffer._statistics_methods) <= {
        'min', 'max', 'current', 'mean'}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text() | st.binary(), lambda inner: st.lists(inner)
    | st.dictionaries(st.text(), inner) | st.tuples(inner, inner))


@given(values)
def test_plain_values_come_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp('plain') / 'w.pth'
    torch.save(value, path)
    assert load_plain_file(path) == value


def test_cut_off_files(tmp_path):
    path = tmp_path / 'w.pth'
    torch.save(dict(a=torch.ones(999)), path)
    content = path.read_bytes()
    for size in (1, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match='w.pth'):
            load_plain_file(path)
