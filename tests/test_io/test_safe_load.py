"""Files of weights are data: none runs code, each bad one is explained."""
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from safetensors.torch import save_file

from regionclip_mm.checkpoint import CheckpointError, load_weights

WEIGHT = {'a.weight': torch.arange(6.).reshape(2, 3)}


class Evil:
    """Makes a folder when it is unpickled the ordinary way."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path, )


@pytest.mark.parametrize('wrap', [
    lambda s: s, lambda s: dict(model=s, optimizer={}, iteration=3),
    lambda s: dict(state_dict=s, meta=dict(epoch=1)),
    lambda s: dict(model={f'module.{k}': v for k, v in s.items()})
])
def test_wrappers_are_taken_off(tmp_path, wrap):
    torch.save(wrap(WEIGHT), tmp_path / 'w.pth')
    file = load_weights(tmp_path / 'w.pth')
    assert list(file.tensors) == ['a.weight']
    assert torch.equal(file.tensors['a.weight'], WEIGHT['a.weight'])


def test_old_torch_format_numpy_and_logs(tmp_path):
    content = dict(
        model={'a.weight': np.arange(6.).reshape(2, 3)},
        message_hub=dict(loss=HistoryBuffer([1.0], [1])),
        iteration=np.float64(3))
    torch.save(content, tmp_path / 'w.pth',
               _use_new_zipfile_serialization=False)
    file = load_weights(tmp_path / 'w.pth')
    assert file.tensors['a.weight'].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_versions_of_modules_are_read(tmp_path):
    torch.save(dict(model=torch.nn.BatchNorm2d(2).state_dict()),
               tmp_path / 'w.pth')
    assert load_weights(tmp_path / 'w.pth').versions == {'': 2}


def test_safetensors_with_any_suffix(tmp_path):
    save_file(WEIGHT, tmp_path / 'w.bin')
    assert list(load_weights(tmp_path / 'w.bin').tensors) == ['a.weight']


def test_torchscript_equals_jit_load(archive):
    ours = load_weights(archive).tensors
    theirs = torch.jit.load(archive).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert all(ours[key].dtype == theirs[key].dtype for key in theirs)


def test_shared_and_transposed_storages_of_torchscript(tmp_path):
    class Shared(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer('a', torch.arange(12.).reshape(3, 4))
            self.register_buffer('b', self.a.t()[1:])
            self.register_buffer('none', torch.empty(0, 2))
            self.sizes = [1, 2]
    torch.jit.save(torch.jit.script(Shared()), str(tmp_path / 's.pt'))
    tensors = load_weights(tmp_path / 's.pt').tensors
    assert torch.equal(tensors['b'], torch.arange(12.).reshape(3, 4).t()[1:])
    assert tensors['none'].shape == (0, 2)


@pytest.mark.parametrize('dump', [
    lambda evil, path: torch.save(dict(model=evil), path),
    lambda evil, path: torch.save(
        dict(model=evil), path, _use_new_zipfile_serialization=False),
    lambda evil, path: path.write_bytes(pickle.dumps(dict(model=evil))),
])
def test_code_in_a_pickle_does_not_run(tmp_path, dump):
    dump(Evil(tmp_path / 'ran'), tmp_path / 'w.pth')
    with pytest.raises(CheckpointError, match='w.pth'):
        load_weights(tmp_path / 'w.pth')
    assert not (tmp_path / 'ran').exists()


def test_code_in_a_torchscript_pickle_does_not_run(tmp_path):
    with zipfile.ZipFile(tmp_path / 'w.pt', 'w') as archive:
        archive.writestr('x/constants.pkl', b'')
        archive.writestr('x/data.pkl', pickle.dumps(Evil(tmp_path / 'ran')))
    with pytest.raises(CheckpointError, match='asks for posix.mkdir'):
        load_weights(tmp_path / 'w.pt')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('name, content, message', [
    ('empty.pth', b'', 'is empty'),
    ('coco.json', json.dumps(dict(categories=[])).encode(), 'text file'),
    ('page.pth', b'<!DOCTYPE html><html>quota exceeded', 'text file'),
    ('noise.pth', bytes(range(256)) * 9, 'noise.pth'),
    ('noise.safetensors', bytes(range(256)) * 9, 'not a safetensors'),
])
def test_files_that_hold_no_weights(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        load_weights(tmp_path / name)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(CheckpointError, match='There is no file'):
        load_weights(tmp_path / 'none.pth')
    with pytest.raises(CheckpointError, match='is a folder'):
        load_weights(tmp_path)


def test_a_bare_tensor_is_no_checkpoint(tmp_path):
    torch.save(torch.ones(3, 4), tmp_path / 'w.pth')
    with pytest.raises(CheckpointError, match='embeddings.py'):
        load_weights(tmp_path / 'w.pth')


def test_something_other_than_tensors_is_named(tmp_path):
    torch.save(dict(names=['a']), tmp_path / 'w.pth')
    with pytest.raises(CheckpointError, match="'names' is of type list"):
        load_weights(tmp_path / 'w.pth')


@pytest.mark.parametrize('keep', [0.2, 0.6, 0.99])
@pytest.mark.parametrize('kind', ['torch', 'old', 'jit', 'safe'])
def test_truncated_files(tmp_path, archive, kind, keep):
    path = tmp_path / f'w.{"safetensors" if kind == "safe" else "pth"}'
    weights = {'a': torch.randn(50, 50)}
    if kind == 'jit':
        path.write_bytes(archive.read_bytes())
    elif kind == 'safe':
        save_file(weights, path)
    else:
        torch.save(weights, path,
                   _use_new_zipfile_serialization=kind == 'torch')
    whole = path.read_bytes()
    path.write_bytes(whole[:int(len(whole) * keep)])
    with pytest.raises(CheckpointError, match='truncated|damaged|not opened'):
        load_weights(path)
