"""A loss that is no number stops all processes."""
from types import SimpleNamespace as Space

import pytest
import torch
from toy_training import ToyDetector, toy_config, train

from mmdet.structures import DetDataSample
from regionclip_mm.engine import InvalidLossHook

NAN, INFINITE = float('nan'), float('inf')


def sample(**meta):
    return DetDataSample(metainfo=meta)


def after_step(outputs, samples=()):
    InvalidLossHook().after_train_iter(
        Space(iter=6), 6, dict(inputs=[], data_samples=samples), outputs)


@pytest.mark.parametrize('value', [NAN, INFINITE])
def test_names_iteration_losses_images(value):
    outputs = dict(loss_cls=torch.tensor(value), acc=torch.tensor(NAN),
                   loss_bbox=torch.tensor(0.25), loss=torch.tensor(value))
    with pytest.raises(FloatingPointError) as error:
        after_step(outputs, [sample(img_id=7, img_path='a/7.jpg'),
                             sample(img_id=9), sample()])
    message = str(error.value)
    assert 'iteration 7\n' in message
    assert f'loss_cls {value}, loss_bbox 0.25, loss {value}; ' in message
    assert 'images 7 (a/7.jpg), 9, without img_id' in message
    assert 'optim_wrapper.optimizer.lr' in message and 'acc' not in message


@pytest.mark.parametrize('outputs', [
    None, {}, dict(acc=torch.tensor(NAN)), dict(loss=torch.tensor(1e30)),
    dict(loss=torch.ones(2, dtype=torch.bfloat16)), dict(loss=3.0)])
def test_other_outputs_pass(outputs):
    after_step(outputs)


def test_batches_of_any_kind():
    for batch in (None, [1], dict(inputs=1), dict(data_samples=[1.0])):
        with pytest.raises(FloatingPointError, match='images'):
            InvalidLossHook().after_train_iter(
                Space(iter=0), 0, batch, dict(loss=NAN))


def nan_in_the_second_process():
    original = ToyDetector.forward

    def forward(self, inputs, data_samples=None, mode='tensor'):
        result = original(self, inputs, data_samples, mode)
        self.calls = getattr(self, 'calls', 0) + (mode == 'loss')
        if self.calls == 6 and torch.distributed.get_rank() == 1:
            result['loss_toy'] = result['loss_toy'] * NAN
        return result
    ToyDetector.forward = forward


def test_all_processes_stop_with_the_same_message(tmp_path):
    cfg = toy_config(tmp_path, val_cfg=None, val_dataloader=None,
                     val_evaluator=None)
    printed = train(cfg, nan_in_the_second_process, processes=2, fails=True)
    assert printed.count('is not finite in iteration 6\n') == 2
    assert printed.count('process 1: loss nan, loss_toy nan') == 2
    assert 'process 0:' not in printed
    assert {path.name for path in tmp_path.glob('*.pth')} == {'iter_4.pth'}
