"""Which checkpoints there are, and which one a run continues from."""
import os
from pathlib import Path
from types import SimpleNamespace as Space
from unittest import mock

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from toy_training import ToyDetector, ToyPause, final, toy_config, train

from regionclip_mm.engine import AtomicCheckpointHook
from regionclip_mm.engine.atomic_file import AtomicLocalBackend
from regionclip_mm.engine.latest_checkpoint import (find_latest_loadable,
                                                    is_only_weights)

LOGGER = MMLogger.get_instance('test_checkpoints')
TEMPLATE = 'iter_{}.pth'


def checkpoint(path, **changes):
    content = dict(meta=dict(iter=1), state_dict={'x': torch.ones(9999)},
                   message_hub={}, optimizer={})
    torch.save(dict(content, **changes), path)
    return path


def aged(path, seconds):
    os.utime(path, (seconds, seconds))
    return path


def latest(folder):
    return find_latest_loadable(folder, TEMPLATE, LOGGER)


def test_nothing_to_find(tmp_path):
    assert latest(tmp_path) is None
    assert latest(tmp_path / 'missing') is None


def test_newest_by_time_not_by_number(tmp_path):
    """A folder may hold a longer, earlier run."""
    aged(checkpoint(tmp_path / 'iter_900.pth'), 100)
    new = aged(checkpoint(tmp_path / 'iter_20.pth'), 200)
    aged(checkpoint(tmp_path / 'best_iter_20.pth'), 300)
    assert latest(tmp_path) == new


def test_what_the_pointer_names_is_as_new_as_the_pointer(tmp_path):
    old = aged(checkpoint(tmp_path / 'iter_1.pth'), 100)
    aged(checkpoint(tmp_path / 'iter_2.pth'), 200)
    pointer = tmp_path / 'last_checkpoint'
    pointer.write_text('/where/the/run/was/iter_1.pth')
    assert latest(tmp_path) == old
    aged(pointer, 150)
    assert latest(tmp_path) == tmp_path / 'iter_2.pth'
    pointer.write_text('')
    assert latest(tmp_path) == tmp_path / 'iter_2.pth'


def test_a_copy_that_lost_its_times(tmp_path):
    """Is not told from a run killed before it moved the pointer."""
    aged(checkpoint(tmp_path / 'iter_2.pth'), 100)
    old = aged(checkpoint(tmp_path / 'iter_1.pth'), 200)
    pointer = tmp_path / 'last_checkpoint'
    pointer.write_text('iter_2.pth')
    aged(pointer, 50)
    logger = mock.Mock()
    assert find_latest_loadable(tmp_path, TEMPLATE, logger) == old
    [call] = logger.warning.call_args_list
    assert 'iter_1.pth is newer than iter_2.pth, which' in call.args[0]
    assert f'--resume {tmp_path}/iter_2.pth' in call.args[0]
    checkpoint(tmp_path / 'iter_2.pth')
    logger.reset_mock()
    assert find_latest_loadable(tmp_path, TEMPLATE, logger) != old
    logger.warning.assert_not_called()


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


DAMAGE = {
    'empty': lambda path: path.write_bytes(b''),
    'cut': lambda path: path.write_bytes(path.read_bytes()[:20000]),
    'flipped': flip_a_byte,
    'text': lambda path: path.write_text('hello'),
}


@pytest.mark.parametrize('damage', DAMAGE)
def test_damaged_files_are_named_and_skipped(damage, tmp_path):
    good = aged(checkpoint(tmp_path / 'iter_1.pth'), 100)
    bad = checkpoint(tmp_path / 'iter_2.pth')
    DAMAGE[damage](bad)
    said = []
    logger = Space(warning=said.append)
    assert find_latest_loadable(tmp_path, TEMPLATE, logger) == good
    assert f'Skipping {bad}, which is half-written or damaged' in said[0]


@pytest.mark.parametrize('content, reason', [
    (dict(state_dict=dict(x=Path('a'))), 'PosixPath'),
    ([1], 'has no meta and no state_dict')])
def test_what_is_complete_but_refused_stops(content, reason, tmp_path):
    """Starting anew would overwrite it."""
    path = tmp_path / 'iter_2.pth'
    if isinstance(content, dict):
        checkpoint(path, **content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=f'(?s){path}.*complete.*{reason}.*'
                       'without --resume'):
        latest(tmp_path)


def test_weights_are_no_training_state(tmp_path):
    assert not is_only_weights(str(checkpoint(tmp_path / 'a.pth')))
    torch.save(dict(state_dict={}), tmp_path / 'b.pth')
    assert is_only_weights(str(tmp_path / 'b.pth'))
    assert is_only_weights('clip://RN50')
    with pytest.raises(FileNotFoundError, match='missing.pth'):
        is_only_weights(str(tmp_path / 'missing.pth'))
    (tmp_path / 'b.pth').write_bytes(b'PK')
    with pytest.raises(ValueError, match='b.pth'):
        is_only_weights(str(tmp_path / 'b.pth'))


def test_a_file_is_the_old_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / 'sub/file'
    backend = AtomicLocalBackend()
    backend.put(b'old', path)

    def fail(*_):
        raise OSError('disk full')
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', fail)
        with pytest.raises(OSError, match='disk full'):
            backend.put(b'new', path)
    assert path.read_bytes() == b'old'
    assert list(path.parent.iterdir()) == [path]
    backend.put_text('new', path)
    assert path.read_text() == 'new'


@pytest.mark.parametrize('wrong', [
    dict(out_dir='s3://bucket'), dict(backend_args=dict(backend='petrel'))])
def test_remote_folders_are_refused(wrong):
    with pytest.raises(ValueError, match='default_hooks.checkpoint.*'
                       "Use type='CheckpointHook'"):
        AtomicCheckpointHook(**wrong)


def test_keeps_the_newest_and_the_best(tmp_path):
    cfg = toy_config(tmp_path / 'run', default_hooks=dict(checkpoint=dict(
        max_keep_ckpts=2, save_best='toy/mAP', out_dir=str(tmp_path / 'out'))))
    train(cfg)
    names = {path.name for path in (tmp_path / 'out/run').iterdir()}
    best = {name for name in names if name.startswith('best_toy_mAP')}
    assert len(best) == 1 and names - best == {'iter_20.pth', 'iter_24.pth'}
    assert 'resume_state' not in torch.load(tmp_path / 'out/run' / best.pop())
    cfg.train_cfg.max_iters, cfg.resume = 28, True
    printed = train(cfg)
    assert f'Resuming from {tmp_path}/out/run/iter_24.pth' in printed
    assert final(cfg)['meta']['iter'] == 28


def test_the_best_goes_after_the_better_is_there(tmp_path):
    hook = AtomicCheckpointHook(save_best='mAP', by_epoch=False)
    seen = []

    def save(folder, filename, **_):
        seen.append(sorted(path.name for path in tmp_path.iterdir()))
        (tmp_path / filename).touch()
    infos = {}
    runner = Space(
        epoch=0, iter=1, work_dir=str(tmp_path), logger=LOGGER,
        save_checkpoint=save, message_hub=Space(
            runtime_info=infos, get_info=infos.get,
            update_info=lambda key, value: infos.update({key: value})))
    hook.before_train(runner)
    hook.after_val_epoch(runner, dict(mAP=0.1))
    hook.after_val_epoch(runner, dict(mAP=0.2))  # the same name again
    runner.iter = 2
    hook.after_val_epoch(runner, dict(mAP=0.3))
    assert seen == [[], ['best_mAP_iter_1.pth'], ['best_mAP_iter_1.pth']]
    assert [p.name for p in tmp_path.iterdir()] == ['best_mAP_iter_2.pth']


def stop_after_an_epoch():
    ToyPause.after_train_epoch = lambda _, runner: setattr(
        runner.train_loop, 'stop_training', True)


def test_an_end_amid_accumulation(tmp_path):
    """Six steps, the last two of which never reach the optimizer."""
    cfg = toy_config(tmp_path, epochs=True, accumulate=4)
    train(cfg, stop_after_an_epoch)
    assert final(cfg)['meta']['epoch'] == 1


@pytest.mark.parametrize('whole', [True, False])
def test_a_test_takes_the_file_that_it_names(whole, tmp_path):
    """Also if its config says that the training is to resume."""
    cfg = toy_config(tmp_path, custom_hooks=[], resume=True)
    train(cfg)
    path, latest = (tmp_path / f'iter_{step}.pth' for step in (20, 24))
    before = torch.load(path, weights_only=False)
    if not whole:
        torch.save({key: before[key] for key in ('meta', 'state_dict')}, path)
    for key in ('dataloader', 'evaluator'):
        cfg[f'test_{key}'] = cfg[f'val_{key}']
    cfg.test_cfg = dict(type='TestLoop')
    cfg.load_from, cfg.experiment_name = str(path), f'{tmp_path.name}_{whole}'
    partial = tmp_path / f'iter_28.pth.{"0" * 32}.tmp'
    partial.touch()  # of a training that goes on
    runner = Runner.from_cfg(cfg)
    runner.test()
    assert latest.exists() and partial.exists()
    for key, value in runner.model.state_dict().items():
        assert torch.equal(value, before['state_dict'][key])


@pytest.mark.parametrize('forgotten', [True, False])
def test_without_a_checkpoint_it_begins_with_load_from(forgotten, tmp_path):
    """mmdet's --resume sets load_from=None."""
    weights = tmp_path / 'weights.pth'
    state = {name: torch.full_like(value, 0.5)
             for name, value in ToyDetector().state_dict().items()}
    torch.save(dict(state_dict=state), weights)
    cfg = toy_config(tmp_path / 'run', load_from=str(weights),
                     optim_wrapper=dict(optimizer=dict(lr=0.0)))
    cfg.dump(tmp_path / 'cfg.py')
    cfg = type(cfg).fromfile(tmp_path / 'cfg.py')
    cfg.resume = True
    if forgotten:
        cfg.load_from = None
    printed = train(cfg)
    assert 'training starts at the beginning' in printed
    assert ('no state of a training to resume' in printed) != forgotten
    assert torch.equal(final(cfg)['ema_state_dict'][
        'module.layers.0.weight'], state['layers.0.weight'])


def test_a_named_checkpoint_prevails(tmp_path):
    cfg = toy_config(tmp_path)
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    train(cfg)
    cfg.resume, cfg.load_from = True, str(tmp_path / 'iter_8.pth')
    assert 'resumed epoch: 0, iter: 8' in train(cfg)


def test_mmengines_checkpoints_resume_too(tmp_path):
    cfg = toy_config(tmp_path)
    cfg.default_hooks.pop('resume_state')
    cfg.default_hooks.checkpoint.type = 'CheckpointHook'
    train(cfg)
    cfg = toy_config(tmp_path, resume=True, train_cfg=dict(max_iters=28))
    printed = train(cfg)
    assert 'The checkpoint has no random state' in printed
    assert final(cfg)['resume_state']['data']['batch'] == 28


def test_a_validation_that_was_due_is_made_up_for(tmp_path):
    """Killed in the last one."""
    def die():
        from toy_training import ToyMetric

        def process(*_):
            os.kill(os.getpid(), 9)
        ToyMetric.process = process

    cfg = toy_config(tmp_path, train_cfg=dict(val_interval=24))
    train(cfg, die)
    cfg.resume = True
    printed = train(cfg)
    assert 'Validating, which was due' in printed and 'toy/mAP' in printed
