"""What the log says of skipped data, by one process for all."""
import logging
from types import SimpleNamespace as Space
from unittest.mock import Mock

import pytest

from regionclip_mm.engine import SkippedDataHook
from regionclip_mm.engine.hooks import skipped_data_hook
from regionclip_mm.io.skipped_data import BAD_IMAGE, NO_CAPTION, SkippedData


@pytest.fixture
def look(monkeypatch, caplog):
    """Lines of the log when the processes have skipped these images."""
    hook = SkippedDataHook()
    runner = Space(train_dataloader=Space(skipped=SkippedData()), iter=7,
                   logger=logging.getLogger('skipped'), _resume=True,
                   message_hub=Mock())

    def look(*processes, call=lambda hook, runner: hook._look(runner)):
        states = []
        for images in processes:
            account = SkippedData()
            for kind, name in images:
                account.add(kind, name)
            states.append(account.state())
        monkeypatch.setattr(skipped_data_hook, 'all_gather_object',
                            lambda state: states)
        caplog.clear()
        call(hook, runner)
        return [record.getMessage() for record in caplog.records]
    return look


def images(*names):
    return [(BAD_IMAGE, name) for name in names]


def test_reasons_are_named_once_whoever_is_first(look):
    assert look([], images('a')) == ['Skipped, unreadable images: a']
    assert look(images('b'), images('a')) == ['Skipped, unreadable images: b']
    assert look(images('b'), images('a')) == []


def test_more_than_five_are_counted(look):
    assert look(images(*'abcdefg')) == [
        *(f'Skipped, unreadable images: {name}' for name in 'abcde'),
        'What else of these kinds is skipped is only counted, as skipped in '
        'the log; so far 7 unreadable images.']
    assert look(images(*'abcdefgh')) == []
    assert look(images(*'abcdefgh'), [(NO_CAPTION, 'x')]) == [
        'Skipped, images without caption: x']


def test_the_end(look):
    assert look(images('a'), call=lambda hook, runner: hook.after_train(
        runner))[-1] == ('Skipped in 7 iterations: 1 unreadable images. The '
                         'first: unreadable images: a')
    assert not look([], call=lambda hook, runner: hook.after_train(runner))


def test_a_resumed_run_begins_with_what_was(look):
    before = SkippedData()
    before.add(BAD_IMAGE, 'a')

    def load(hook, runner):
        hook.after_load_checkpoint(runner, dict(skipped_data=before.state()))

    assert look(call=load) == [
        'Skipped before the interruption: 1 unreadable images. The first: '
        'unreadable images: a']
    assert look(images('b')) == ['Skipped, unreadable images: b']
    before.take()
    assert look(call=load) == []
