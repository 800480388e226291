"""The model index: valid, complete, and true to configs and documents."""
import re
from pathlib import Path

import pytest
import yaml
from modelindex.load_model_index import load

ROOT = Path(__file__).parents[2]
LEAVES = {path.stem: path for path in ROOT.glob('configs/*/*.py')
          if path.parent.name != '_base_'}
IMPORTS = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
MODELS = [model for name in IMPORTS
          for model in yaml.safe_load((ROOT / name).read_text())['Models']]
BY_NAME = {model['Name']: model for model in MODELS}
DOCUMENT = (ROOT / 'docs/from_regionclip.md').read_text()
# Released file -> its part of the name of a converted one.
PARTS = {
    'regionclip_pretrained-cc': 'regionclip-cc',
    'regionclip_finetuned-coco': 'regionclip-coco',
    'regionclip_finetuned-lvis': 'regionclip-lvis',
    'rpn_lvis_866.pth': '_rpn-lvis866',
    'rpn_lvis_866_lsj.pth': '_rpn-lvis866-lsj',
    'rpn_coco_48.pth': '_rpn-coco48',
    'rpn_coco_80.pth': '_rpn-coco80',
    'rpn_lvis_1203_clipbackbone.pth': '_rpn-clip-lvis1203',
}
DETECTORS = [model for model in MODELS if model['Config'].startswith(
    ('configs/zeroshot', 'configs/transfer'))]
# Its RPN is one that the user trains.
OWN_DATA = 'regionclip_rn50_custom'


def files_of(model: dict, *keys: str) -> list:
    metadata = model.get('Metadata', {})
    return [file for key in keys for file in metadata.get(key, ())]


def name_of(model: dict) -> str:
    return model['Name']


def test_modelindex_finds_no_fault():
    index = load(str(ROOT / 'model-index.yml'))
    assert index.check(silent=True) == []
    assert len(index.models.data) == len(MODELS)


def test_every_metafile_is_imported():
    assert IMPORTS == sorted(str(path.relative_to(ROOT))
                             for path in ROOT.glob('configs/*/metafile.yml'))


def test_every_config_has_its_entry():
    assert len(BY_NAME) == len(MODELS)
    assert set(BY_NAME) == set(LEAVES)
    for name, model in BY_NAME.items():
        assert ROOT / model['Config'] == LEAVES[name]
        assert name == name.lower()  # mim looks for these


def test_released_files_exist():
    released = [file for model in MODELS
                for file in files_of(model, 'Released Weights', 'Begins With')]
    assert released
    for file in released:
        assert f'`{file}`' in DOCUMENT, file
    for file in re.findall(r'`((?:regionclip_finetuned|rpn)[\w.-]+\.pth)`',
                           DOCUMENT):
        assert 'ARCH' in file or file in released


@pytest.mark.parametrize('model', DETECTORS, ids=name_of)
def test_released_files_are_those_of_the_config(model):
    files = files_of(model, 'Released Weights', 'Begins With')
    arch = re.search('rn50(?:x4)?', model['Name'])[0]
    converted = ''
    for file in files:
        if file.startswith('regionclip_'):
            assert file.endswith(f'_{arch}.pth')
            file = file[:-len(f'_{arch}.pth')]
            converted += f'{PARTS[file]}_{arch}'
        else:
            converted += PARTS[file]
    config = LEAVES[model['Name']].read_text()
    named = re.findall(r'checkpoints/([\w-]+?)(?:_text)?\.pth', config)
    if model['Name'] != OWN_DATA:
        wanted = converted.replace('-coco_', '-cc_').replace('-lvis_', '-cc_')
        assert set(named) <= {converted, wanted}
    assert named or 'lvis' in model['Name']


def row_of(name: str) -> str:
    """What a row of published numbers begins with."""
    if name == 'rpn_coco_48':
        return "RPN on COCO's 48 base classes"
    arch, data = re.search('(rn50(?:x4)?).*(coco|lvis)', name).groups()
    return f'{data.upper()} OVD, {arch.replace("rn", "RN")}'


@pytest.mark.parametrize('model', MODELS, ids=name_of)
def test_numbers_are_called_published(model):
    source = model.get('Metadata', {}).get('Source of Results', '')
    assert bool(source) == ('Results' in model)
    for result in model.get('Results', ()):
        assert source.startswith('published, arXiv 2112.09106')
        assert source.endswith('not measured with this code')
        [(metrics, values)] = re.findall(
            rf'\| {row_of(model["Name"])}, ([^|]*) \| ([^|]*) \|',
            DOCUMENT.split('## Published numbers')[1])
        # 'AP50 novel / all' and 'box APr / AP', and so the values
        kinds = re.sub('^(?:AP50|box) ', '', metrics.strip()).split(' / ')
        published = dict(zip(kinds, map(float, values.split(' / '))))
        for metric, value in result['Metrics'].items():
            kind = metric.replace('box ', '').replace(' AP50', '')
            assert published[kind] == value, metric


@pytest.mark.parametrize('model', MODELS, ids=name_of)
def test_only_what_can_be_downloaded_is_called_weights(model):
    """Google Drive answers with a page, which mim would save as weights."""
    address = model.get('Weights', 'https://x/y.pth')
    assert re.fullmatch(r'https://(?!drive\.google).*\.pth', address)
