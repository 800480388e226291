"""What every shipped config looks like."""
import re
from collections import Counter
from pathlib import Path

import pytest
from mmengine.config import Config
from sweep import LEAVES, ROOT, SHIPPED

COMMAND = re.compile(r'# (?:PYTHONPATH=\. )?python (\S+)')


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands_of(path: Path) -> str:
    """The comment a config begins with."""
    return re.match(r'(#.*\n)*', path.read_text())[0]


def test_there_are_leaves():
    names = {path.stem for path in LEAVES}
    for arch in ('rn50', 'rn50x4'):
        for source in ('gt', 'rpn'):
            for data in ('coco-ovd', 'lvis'):
                assert f'regionclip_{arch}_{source}_{data}' in names


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_leaf_is_a_small_diff_that_says_how_to_run_it(path):
    if path.is_relative_to(ROOT / 'configs'):
        assert len(path.read_text().splitlines()) <= 30
    script = COMMAND.match(path.read_text())
    assert script, f'{path} must begin with the command that runs it'
    assert (ROOT / script[1]).is_file(), f'{path}: no {script[1]}'
    assert path.name in commands_of(path), f'{path}: names another config'


def test_basenames_are_unique():
    """mim finds configs by their basename."""
    names = Counter(path.name for path in SHIPPED
                    if path.is_relative_to(ROOT / 'configs'))
    assert [name for name, times in names.items() if times > 1] == []


def test_custom_imports_are_in_one_fragment():
    """A second one would overwrite the first."""
    having = [path.name for path in SHIPPED
              if path.is_relative_to(ROOT / 'configs')
              and 'custom_imports' in re.sub('""".*?"""', '',
                                             path.read_text(), flags=re.S)]
    assert having == ['regionclip_imports.py']


@pytest.mark.parametrize('source', ['gt', 'rpn'])
def test_leaf_survives_a_round_trip(source, tmp_path):
    """mmengine dumps the config of a run, and it must load again."""
    name = f'regionclip_rn50_{source}_coco-ovd.py'
    cfg = Config.fromfile(ROOT / 'configs/zeroshot' / name)
    cfg.dump(tmp_path / name)
    assert Config.fromfile(tmp_path / name).to_dict() == cfg.to_dict()
