"""docs/model_zoo.md says what the metafiles say."""
import re
from pathlib import Path

import pytest
from test_metafiles import BY_NAME, files_of

from regionclip_mm.apis.model_zoo import RELEASED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs/model_zoo.md').read_text(encoding='utf-8')
ROWS = {found[1]: line for line in PAGE.splitlines()
        if (found := re.match(r'\| \[([\w-]+)\]', line))}
RELEASES = {name: model for name, model in BY_NAME.items()
            if files_of(model, 'Released Weights')}


def test_there_is_a_row_for_each_model_with_released_weights():
    assert set(ROWS) - {'regionclip_nano'} == set(RELEASES)


@pytest.mark.parametrize('name', RELEASES)
def test_files_config_and_published_numbers(name):
    model, row = RELEASES[name], ROWS[name]
    _, link, files, published, _ = row.split('|')
    assert f'(../{model["Config"]})' in link
    assert re.findall(r'`([^`]+)`', files) == files_of(
        model, 'Released Weights')
    metrics = [f'{key} {value}' for result in model.get('Results', ())
               for key, value in result['Metrics'].items()]
    assert re.sub(r'^OV-\w+: ', '', published.strip()) == ', '.join(metrics)


def test_every_released_file_is_there():
    tables = (ROOT / 'docs/from_regionclip.md').read_text(encoding='utf-8')
    names = set(re.findall(r'`([\w-]+\.pth)`', tables.split(
        '| Original | Here |\n|---|---|\n| `regionclip_pre')[1]))
    names -= {name for name in names if name.startswith(
        ('clip_', 'regionclip-')) or re.match(r'(coco|lvis)_\d+_rn', name)}
    assert len(names) > 10
    assert not [name for name in names if f'`{name}`' not in PAGE]
    assert RELEASED in PAGE


def test_numbers_of_the_miniature_are_those_of_its_page():
    text = (ROOT / 'projects/emoji_world/README.md').read_text('utf-8')
    [row] = re.findall(r'\*\*RPN boxes, AP50, COCO names\*\* \|(.*)', text)
    cells = row.replace('*', '').split('|')
    for part in (cells[:4], cells[4:]):
        numbers = [cell.strip() for cell in part if cell.strip()]
        assert len(numbers) == 3 and ' | '.join(numbers) in PAGE
