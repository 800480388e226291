"""What is said about the learning rate and the batch."""
from types import SimpleNamespace as Space

import pytest
from toy_training import final, toy_config, train

from regionclip_mm.engine import BatchSizeHook
from regionclip_mm.engine.hooks.batch_size_hook import (describe_scale,
                                                        describe_schedule)


@pytest.mark.parametrize('counts, enabled, said', [
    ((16, 8, 2, 1), False, ''),
    ((16, 8, 2, 1), True, ''),
    ((16, 4, 2, 2), False, ''),
    ((16, 1, 2, 1), False, '2 images per step (1 GPU x 2 images x 1 '
     'accumulated), the recipe 16: the learning rate was not scaled; '
     '--auto-scale-lr multiplies it by 0.125.'),
    ((16, 1, 2, 1), True, 'was multiplied by 0.125 (auto_scale_lr).'),
    ((16, 1, 2, 4), False, 'multiply optim_wrapper.optimizer.lr by 0.5.'),
    ((16, 1, 2, 4), True, 'auto_scale_lr multiplied the learning rate by '
     '0.125 and does not count accumulation; multiply '
     'optim_wrapper.optimizer.lr by 4.'),
])
def test_one_line(counts, enabled, said):
    line = describe_scale(*counts, enabled)
    assert said in line and bool(said) == bool(line) and '\n' not in line


def test_it_is_said_before_the_first_iteration(tmp_path):
    cfg = toy_config(tmp_path, auto_scale_lr=dict(base_batch_size=12))
    printed = train(cfg)
    position = printed.index('This run has 3 images per step')
    assert position < printed.index('Iter(train)')
    cfg.auto_scale_lr.enable = True
    cfg.resume = False
    cfg.default_hooks.batch_size.schedule_images = 3
    printed = train(cfg)
    assert 'was multiplied by 0.25' in printed
    assert 'Iterations are meant' not in printed


@pytest.mark.parametrize('counts, said', [
    ((16, 8, 2, 1), ''), ((16, 4, 4, 2), ''), ((16, 1, 2, 1), 'by 8.'),
    ((16, 1, 2, 8), 'by 8.'), ((64, 8, 16, 1), 'by 0.5.')])
def test_iterations_are_not_scaled(counts, said):
    line = describe_schedule(*counts)
    assert line.endswith(said) and bool(said) == bool(line)


def test_a_resumed_run_keeps_the_rate_of_the_checkpoint(tmp_path):
    cfg = toy_config(tmp_path, auto_scale_lr=dict(
        base_batch_size=12, enable=True), train_cfg=dict(max_iters=8))
    train(cfg)
    rate = final(cfg)['optimizer']['param_groups'][0]['lr']
    cfg.train_dataloader.batch_size = 6
    cfg.train_cfg.max_iters = 9
    cfg.resume = True
    printed = train(cfg)
    assert ('6 images per step (1 GPU x 6 images x 1 accumulated), the recipe '
            '12. It was resumed with the learning rate of the checkpoint'
            ) in printed and 'was multiplied' not in printed
    assert final(cfg)['optimizer']['param_groups'][0]['lr'] == rate


@pytest.mark.parametrize('setting', [None, {}, dict(enable=True)])
def test_nothing_to_compare_with(setting):
    sampler = Space(batch_size=2)
    BatchSizeHook().before_train(Space(
        auto_scale_lr=setting, iter=0,
        train_dataloader=Space(batch_sampler=sampler)))
