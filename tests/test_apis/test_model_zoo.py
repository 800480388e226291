"""Shipped models by their names."""
import shutil
from pathlib import Path

import pytest

from regionclip_mm.apis import (RegionInferencer, config_of, mim_folder,
                                model_zoo, shipped_models)
from regionclip_mm.io.errors import CheckpointError

ROOT = Path(__file__).parents[2]
NAME = 'regionclip_rn50_rpn_words'


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package without a clone around it, as pip lays it."""
    folder = tmp_path / 'site-packages/regionclip_mm'
    folder.mkdir(parents=True)
    monkeypatch.setattr(model_zoo, 'PACKAGE', folder)
    return folder


def test_in_a_clone():
    assert mim_folder().resolve() in (ROOT,
                                      ROOT / 'regionclip_mm/.mim')
    for model in shipped_models().values():
        assert Path(model['Config']).is_file()


def test_in_an_installed_package(package):
    for name in ('configs', 'model-index.yml'):
        (package / '.mim').mkdir(exist_ok=True)
        (package / '.mim' / name).symlink_to(ROOT / name)
    config, weights = config_of(NAME.upper(), 'x.pth')
    assert config == str(package / f'.mim/configs/zeroshot/{NAME}.py')
    assert weights == 'x.pth'


def test_without_configs_every_name_is_unknown(package):
    assert mim_folder() is None
    with pytest.raises(ValueError, match='neither a config file nor'):
        config_of(NAME, 'x.pth')


def test_the_weights_of_a_metafile_are_taken(package):
    shutil.copytree(ROOT / 'configs/zeroshot',
                    package / '.mim/configs/zeroshot')
    (package / '.mim/model-index.yml').write_text('Import: [one.yml]')
    (package / '.mim/one.yml').write_text(
        'Models: [{Name: One, Config: configs/one.py, Weights: here.pth}, '
        '{Name: two, Config: two.py, Weights: [first.pth, second.pth]}]')
    for name in ('one', 'One'):
        assert config_of(name)[1] == 'here.pth'
        assert config_of(name, 'mine.pth')[1] == 'mine.pth'
    assert config_of('two')[1] == 'first.pth'
    assert RegionInferencer.list_models() == ['One', 'two']
    assert RegionInferencer.list_models('mmdet', 'tw') == ['two']


@pytest.mark.parametrize('name, nearest', [
    ('regionclip_rn50_rpn_word', f"nearest: '{NAME}'"),
    ('regionclip-rn50x4-gt-lvis', "nearest: 'regionclip_rn50x4_gt_lvis'"),
])
def test_a_name_that_does_not_exist_gets_the_nearest(name, nearest):
    with pytest.raises(ValueError) as caught:
        RegionInferencer(name, 'x.pth')
    assert str(caught.value).startswith(f'{name} is neither a config file')
    assert nearest in str(caught.value)


def test_a_name_like_no_other():
    with pytest.raises(ValueError, match='the name of a model: give the'):
        RegionInferencer('~', 'x.pth')


@pytest.mark.parametrize('name, what', [
    (NAME, r'download regionclip_pretrained-cc_rn50.pth and rpn_lvis_866.pth '
     r'by hand from https://drive\.google.* as weights=FILE'),
    ('regionclip_rn50_custom', 'without weights: train it'),
])
def test_weights_that_cannot_be_downloaded(name, what):
    with pytest.raises(ValueError, match=what):
        RegionInferencer(name)


def test_a_config_is_found_by_its_name(tmp_path):
    """The weights are looked for next."""
    with pytest.raises(CheckpointError, match='no file .*nowhere.pth'):
        RegionInferencer(NAME, str(tmp_path / 'nowhere.pth'))
