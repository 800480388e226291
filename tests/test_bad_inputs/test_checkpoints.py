"""Checkpoints that are damaged, foreign or hostile."""
import os
import pickle

import pytest
import torch

from regionclip_mm.apis import RegionInferencer
from regionclip_mm.checkpoint import CheckpointError


class Command:
    """Makes a folder when it is unpickled the careless way."""

    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path, )


def load(config: str, weights) -> RegionInferencer:
    return RegionInferencer(config, str(weights), device='cpu',
                            show_progress=False)


@pytest.mark.parametrize('keep', [0, 10, 1000, -1000])
def test_truncated(nano_files, tmp_path, keep):
    config, weights = nano_files
    content = open(weights, 'rb').read()
    path = tmp_path / 'cut.pth'
    path.write_bytes(content[:keep])
    with pytest.raises(CheckpointError, match='cut.pth (is empty|is truncated|'
                       'was not opened)'):
        load(config, path)


@pytest.mark.parametrize('write', [
    lambda data, path: torch.save(data, path),
    lambda data, path: torch.save(data, path,
                                  _use_new_zipfile_serialization=False),
    lambda data, path: path.write_bytes(pickle.dumps(data))])
@pytest.mark.parametrize('hide', [
    lambda bad: bad, lambda bad: dict(state_dict={}, meta=dict(x=bad))])
def test_code_in_it_does_not_run(nano_files, tmp_path, write, hide):
    path = tmp_path / 'evil.pth'
    write(hide(Command(tmp_path / 'owned')), path)
    with pytest.raises(CheckpointError, match='evil.pth (was not opened|is '
                       'truncated or is not)'):
        load(nano_files[0], path)
    assert not (tmp_path / 'owned').exists()


@pytest.mark.parametrize('state, message', [
    ({'backbone.conv1.weight': torch.zeros(64, 3, 7, 7)},
     r'missing: .*misshapen: backbone.conv1.weight is \(64, 3, 7, 7\), not'),
    ({'model': {'backbone.res2.0.conv1.weight': torch.zeros(1)}},
     r'missing: .*surplus: .*tools/model_converters'),
    ({'visual.conv1.weight': torch.zeros(1)}, 'must be converted first'),
    ({}, 'missing')])
def test_of_another_architecture(nano_files, tmp_path, state, message):
    path = tmp_path / 'other.pth'
    torch.save(state, path)
    with pytest.raises(CheckpointError,
                       match='do not fit the model of the config.*' + message):
        load(nano_files[0], path)


@pytest.mark.parametrize('content, message', [
    (torch.zeros(3), 'holds no weights by name but Tensor'),
    ([1, 2], 'holds no weights by name but list')])
def test_of_another_kind(nano_files, tmp_path, content, message):
    path = tmp_path / 'other.pth'
    torch.save(content, path)
    with pytest.raises(CheckpointError, match=message):
        load(nano_files[0], path)


def test_missing(nano_files, tmp_path):
    with pytest.raises(CheckpointError, match='There is no file .*none.pth'):
        load(nano_files[0], tmp_path / 'none.pth')


def test_no_checkpoint_at_all(nano_files):
    from nano import make_image
    with pytest.warns(UserWarning, match='randomly initialized'):
        detect = RegionInferencer(nano_files[0], device='cpu',
                                  show_progress=False)
    with pytest.raises(RuntimeError, match='no trained weights'):
        detect(make_image(), texts='cat')


def test_config_inside_the_weights_is_not_run(tmp_path):
    """It is Python: MMEngine would execute it."""
    from nano import write_nano

    from regionclip_mm.apis import RegionInferencer
    _, weights = write_nano(tmp_path)
    loaded, proof = torch.load(weights), tmp_path / 'ran'
    loaded['meta']['cfg'] = f"x = open({str(proof)!r}, 'w')\nmodel = dict()"
    torch.save(loaded, weights)
    with pytest.raises(ValueError, match='name the config'):
        RegionInferencer(None, weights)
    assert not proof.exists()
