"""What --resume refuses, because it would be another training."""
import subprocess
import sys
from types import SimpleNamespace as Space

import pytest
import torch
from mmengine.runner import Runner
from nano import ROOT
from torch import nn
from toy_training import ToyDetector, ToyImages, final, toy_config, train

from regionclip_mm.engine.run_lock import LOCK, lock_folder
from regionclip_mm.engine.same_training import (check_same_classes,
                                                check_same_optimizer)
from regionclip_mm.io.files import load_plain_file

HOLD = '''import sys
from pathlib import Path
from regionclip_mm.engine.run_lock import lock_folder
lock_folder(Path(sys.argv[1]))
lock_folder(Path(sys.argv[1]))
print('locked', flush=True)
sys.stdin.read()
'''


def more_classes():
    ToyImages.METAINFO = ToyImages.metainfo = dict(classes=('a', 'b'))


@pytest.mark.parametrize('changes, patch, said', [
    (dict(optim_wrapper=dict(optimizer=dict(
        _delete_=True, type='AdamW', lr=0.01))), None,
     'the checkpoint is of a training by SGD with 6 tensors in 1 groups, '
     'optim_wrapper has AdamW with 6 tensors in 1 groups: --resume goes on '
     'with the same training'),
    (dict(), more_classes,
     'the checkpoint is of a training of 1 classes (a), the train_dataloader '
     'has 2 (b): --resume goes on'),
])
def test_another_training_is_refused(changes, patch, said, tmp_path):
    cfg = toy_config(tmp_path)
    cfg.train_cfg.max_iters = 4
    train(cfg)
    cfg.merge_from_dict(dict(changes, resume=True))
    assert said in train(cfg, patch, fails=True)


def with_words(*names):
    """The toy gets a text classifier, of which there is only the
    vocabulary."""
    class Words(nn.Module):
        train_vocabulary = Space(names=names)

    def patch():
        original = ToyDetector.__init__

        def init(self):
            original(self)
            self.fc_cls = Words()
        ToyDetector.__init__ = init
    return patch


def test_other_words_are_refused(tmp_path):
    """Also as many of them; the data of pretraining has no classes."""
    cfg = toy_config(tmp_path)
    cfg.train_cfg.max_iters = 4
    train(cfg, with_words('cat', 'dog'))
    cfg.resume, cfg.train_cfg.max_iters = True, 6
    for others in (('dog', 'cat'), ('cat', 'bee')):
        printed = train(cfg, with_words(*others), fails=True)
        assert ('the checkpoint is of a training with 2 names (sha256 '
                in printed)
        assert ('model.cls_predictor_cfg.vocabulary has 2 names (sha256 '
                in printed)
    train(cfg, with_words('cat', 'dog'))
    assert final(cfg)['meta']['iter'] == 6
    path = (tmp_path / 'last_checkpoint').read_text()
    state = load_plain_file(path)
    del state['resume_state']['vocabularies']  # as of older versions
    torch.save(state, path)
    cfg.train_cfg.max_iters = 8
    train(cfg, with_words('cat', 'bee'))


def test_the_same_is_allowed():
    check_same_optimizer(['SGD with 2 tensors in 1 groups'],
                         ['SGD with 2 tensors in 1 groups'])
    check_same_classes(['a', 'b'], ('a', 'b'))
    with pytest.raises(ValueError, match=r'2 classes \(a, b\), .* 2 \(b, a\)'):
        check_same_classes(['a', 'b'], ['b', 'a'])


@pytest.fixture
def holder(tmp_path):
    """Another process that has the lock."""
    process = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(tmp_path)], text=True, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == 'locked\n'
    yield process
    process.kill()
    process.wait()


def test_a_second_run_is_refused_until_the_first_is_gone(holder, tmp_path):
    part = tmp_path / 'iter_1.pth.0123456789abcdef.tmp'
    part.write_bytes(b'the other run writes this')
    cfg = toy_config(tmp_path)
    cfg.resume = True
    printed = train(cfg, fails=True)
    assert (f'another training (process {holder.pid}) writes its checkpoints '
            f'to {tmp_path}: wait for its end') in printed
    assert part.exists()
    holder.kill()
    holder.wait()
    train(cfg)
    assert (tmp_path / 'iter_24.pth').exists()


def evaluate_instead():
    """The run evaluates, as tools/test.py does."""
    Runner.train = Runner.test


def test_an_evaluation_is_no_second_run(holder, tmp_path):
    cfg = toy_config(tmp_path)
    cfg.test_dataloader, cfg.test_evaluator = (cfg.val_dataloader,
                                               cfg.val_evaluator)
    cfg.test_cfg = dict(type='TestLoop')
    assert 'Iter(test)' in train(cfg, evaluate_instead)


def test_two_processes_of_one_run_share_a_folder(tmp_path):
    train(toy_config(tmp_path), processes=2)
    assert (tmp_path / LOCK).read_text().isdigit()


def test_children_do_not_hold_it(tmp_path):
    """A worker that outlives its killed run does not keep others out."""
    code = HOLD.replace("print('locked'", "import os\nif not os.fork():\n"
                        "    import time\n    time.sleep(60)\nprint('locked'")
    process = subprocess.Popen(
        [sys.executable, '-c', code, str(tmp_path)], text=True, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == 'locked\n'
    with pytest.raises(RuntimeError, match='another training'):
        lock_folder(tmp_path)
    process.kill()
    process.wait()
    lock_folder(tmp_path)
    subprocess.run(['pkill', '-9', '-s', str(process.pid)])
