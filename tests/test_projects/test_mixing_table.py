"""The table of mixed detectors: commands that exist, figures as measured."""
import json
import sys

import pytest
from mmengine.config import Config
from nano import ROOT

from projects import mixing_table


@pytest.mark.parametrize('project', mixing_table.DETECTORS)
def test_jobs_name_what_there_is(project, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    jobs = mixing_table.jobs_of(project, tmp_path)
    assert len({job.name for job in jobs}) == len(jobs) == 4
    for job in jobs:
        script, config = job.command[:2]
        assert (ROOT / script).is_file()
        cfg = Config.fromfile(config)
        # the checkpoint that is tested is the last one
        assert cfg.train_cfg.max_iters == mixing_table.STEPS
    assert 0 < mixing_table.lines_of(mixing_table.config_of(
        project, '_text')) <= 10


def test_rows_have_the_last_figures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    for name, time, base in (('atss_nano', '1', 0.1), ('atss_nano', '2', 0.2),
                             ('atss_nano_text', '1', 0.3)):
        folder = tmp_path / name / 'test' / time
        folder.mkdir(parents=True)
        (folder / f'{time}.json').write_text(json.dumps(
            {'coco/base_ap50': base, 'coco/novel_ap50': 0.04}))
    monkeypatch.setattr(sys, 'argv', [
        'mixing_table.py', '--print-only', '--projects', 'atss', 'dino',
        '--folder', str(tmp_path)])
    mixing_table.main()
    *_, atss, dino = capsys.readouterr().out.splitlines()
    assert atss.startswith('| atss | ')
    assert atss.endswith(' | 20.0 | 30.0 | 4.0 |')
    assert dino.endswith(' | - | - | - |')
