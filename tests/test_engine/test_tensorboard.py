"""Curves in TensorBoard, which is optional."""
import sys

from toy_training import toy_config, train


def config(work_dir):
    """As `--cfg-options visualizer.vis_backends.0.type=...` makes it."""
    cfg = toy_config(work_dir, visualizer=dict(
        type='DetLocalVisualizer', name='curves',
        vis_backends=[dict(type='LocalVisBackend')]))
    cfg.merge_from_dict(
        {'visualizer.vis_backends.0.type': 'TensorboardVisBackend'})
    return cfg


def without_tensorboard():
    sys.modules['torch.utils.tensorboard'] = None


def test_says_what_to_install_before_it_begins(tmp_path):
    printed = train(config(tmp_path), without_tensorboard, fails=True)
    assert 'pip install' in printed and 'tensorboard' in printed
    assert 'Iter(train)' not in printed


def test_losses_and_metrics_are_there(tmp_path):
    train(config(tmp_path))
    from tensorboard.backend.event_processing import event_accumulator
    folder = next(tmp_path.glob('*/vis_data'))
    events = event_accumulator.EventAccumulator(str(folder)).Reload()
    assert {'loss', 'loss_toy', 'lr', 'toy/mAP'} <= set(
        events.Tags()['scalars'])
