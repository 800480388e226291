"""Zero-shot classification scores 100 % where the weights know the answer."""
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from PIL import Image

from regionclip_mm.checkpoint import CheckpointError, save_checkpoint

pytest.importorskip('mmpretrain')
ROOT = Path(__file__).parents[2]

COLOURS = dict(red=(200, 20, 20), green=(20, 200, 20), dark_blue=(0, 0, 90))


def load_tool():
    spec = importlib.util.spec_from_file_location(
        'check_clip_imagenet', ROOT / 'tools' / 'check_clip_imagenet.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def scope():
    """Runner makes mmpretrain the default; other tests need mmdet's."""
    yield
    init_default_scope('mmdet')


@pytest.fixture(scope='module')
def tool():
    module = load_tool()
    module.TEMPLATES = ('a photo of a {}.', )
    return module


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Pictures of unequal sizes in folders called as their class."""
    root = tmp_path_factory.mktemp('images')
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for i, shape in enumerate([(140, 150, 3), (200, 128, 3)]):
            noise = rng.integers(-20, 20, shape)
            pixels = np.clip(noise + colour, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f'{i}.png')
    return root


@pytest.fixture(scope='module')
def weights(tool, folder, tmp_path_factory):
    """A nano CLIP whose text projection sends each name to its pictures."""
    torch.manual_seed(0)
    model = tool.build_clip('nano')
    model.load_state_dict(model.state_dict())  # encode() asks for loading
    state = model.state_dict()
    key = 'text_encoder.model.text_projection.weight'
    names = sorted(COLOURS)
    texts = [f'a photo of a {name.replace("_", " ")}.' for name in names]
    with torch.no_grad():
        model.text_encoder.model.text_projection.weight.copy_(torch.eye(128))
        features = model.text_encoder.encode(texts).double()
        images = torch.cat([embed(model, folder / n / '0.png') for n in names])
        # a random tower sees nearly the same in all: keep the differences
        images = F.normalize(images.double(), dim=-1)
        mean = F.normalize(images.mean(0), dim=0)
        images = images - images.mean(0)
        images = images - (images @ mean)[:, None] * mean
        weight = torch.linalg.pinv(features, rtol=1e-12) @ images
        state[key] = weight.t().float().contiguous()
    path = tmp_path_factory.mktemp('weights') / 'clip.pth'
    save_checkpoint(state, path, {})
    return str(path)


def embed(model, path):
    pixels = torch.from_numpy(np.asarray(Image.open(path)).copy())
    rgb = pixels[:128, :128].permute(2, 0, 1)[None].float()
    batch = model.data_preprocessor(dict(inputs=[*rgb.flip(1)]))
    return model.encode_image(batch['inputs'])


def test_all_pictures_are_recognised(tool, folder, weights, tmp_path,
                                     monkeypatch):
    monkeypatch.chdir(tmp_path)
    metrics = tool.check(weights, folder, batch_size=4, workers=0)
    assert metrics['accuracy/top1'] == 100.0


def test_names_decide(tool, folder, weights, tmp_path, monkeypatch, capsys):
    """With the names in another order the same pictures are all wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'names.txt').write_text('red\ndark blue\ngreen\n')
    monkeypatch.setattr(sys, 'argv', [
        'check', weights, str(folder), '--names',
        str(tmp_path / 'names.txt'), '--workers', '0'])
    tool.main()
    out = capsys.readouterr().out
    assert 'accuracy/top1: 0.00' in out and 'rn50 59.6' in out


def test_what_does_not_fit_is_told(tool, folder, tmp_path):
    with pytest.raises(CheckpointError, match='There is no folder'):
        tool.class_names(tmp_path / 'none', None)
    with pytest.raises(CheckpointError, match='0 folders of classes'):
        tool.class_names(folder / 'red', None)
    (tmp_path / 'n01440764').mkdir()
    with pytest.raises(CheckpointError, match='1 folders .* 1000 names'):
        tool.class_names(tmp_path, None)
    torch.save({'state_dict': {'a': torch.ones(1)}}, tmp_path / 'w.pth')
    with pytest.raises(CheckpointError, match='not a CLIP checkpoint'):
        tool.load_clip(str(tmp_path / 'w.pth'))
