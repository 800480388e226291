"""The shipped training commands run, and go on after an interruption."""
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from projects.emoji_world.tools import train

ROOT = Path(__file__).resolve().parents[2]
TRAIN = 'projects/emoji_world/tools/train.py'
CLIP = 'projects/emoji_world/configs/clip_nano.py'


def _train(work_dir, iterations, *flags):
    done = subprocess.run(
        [sys.executable, TRAIN, CLIP, '--work-dir', str(work_dir), '--threads',
         '1', *flags, '--cfg-options', f'train_cfg.max_iters={iterations}',
         'train_dataloader.batch_size=4', 'param_scheduler.0.end=1',
         'param_scheduler.1.begin=1', 'param_scheduler.1.T_max=5',
         'default_hooks.checkpoint.interval=1',
         'default_hooks.logger.interval=1'],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.mark.slow
def test_clip_training_resumes(tmp_path):
    _train(tmp_path, 2)
    log = _train(tmp_path, 3, '--resume')
    assert 'resumed' in log
    assert (tmp_path / 'iter_3.pth').exists()


@pytest.mark.parametrize('begun', [False, True])
def test_a_training_that_begins_with_weights_resumes(
        begun, tmp_path, monkeypatch):
    """With --resume from its own checkpoint, if there is one."""
    taken = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(train.Runner, 'from_cfg', lambda cfg: taken.append(cfg)
                        or SimpleNamespace(train=lambda: None))
    if begun:
        (tmp_path / 'last_checkpoint').write_text('iter_2.pth')
    weights = tmp_path / 'weights.pth'
    weights.touch()
    monkeypatch.setattr('sys.argv', [
        'train.py', CLIP, '--work-dir', str(tmp_path), '--resume',
        '--cfg-options', f'load_from={weights}'])
    train.main()
    assert (taken[0].get('resume', False), taken[0].load_from) == (
        (True, None) if begun else (False, str(weights)))
