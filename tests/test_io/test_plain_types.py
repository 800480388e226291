"""MMEngine's own checkpoints open with the protection of torch.load on."""

import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import CheckpointLoader

import regionclip_mm.engine  # noqa: F401
from regionclip_mm.io.files import load_plain_file


class Evil:
    """Asks for something that a log history does not need."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, '__init__')


def test_a_checkpoint_of_the_runner(tmp_path):
    hub = MessageHub.get_instance('plain types')
    hub.update_scalar('train/loss', torch.tensor(2.0))
    hub.update_info('epoch', 3)
    torch.save(
        dict(state_dict={'a': torch.ones(2)}, meta=dict(epoch=3),
             message_hub=hub.state_dict()), tmp_path / 'epoch_3.pth')
    loaded = CheckpointLoader.load_checkpoint(
        str(tmp_path / 'epoch_3.pth'), 'cpu', None)
    history = loaded['message_hub']['log_scalars']['train/loss']
    assert isinstance(history, HistoryBuffer) and history.mean() == 2.0


def test_getattr_reaches_nothing_else(tmp_path):
    torch.save(Evil(), tmp_path / 'w.pth')
    with pytest.raises(Exception, match='asks for __init__'):
        load_plain_file(tmp_path / 'w.pth')
