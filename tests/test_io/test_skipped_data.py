"""Accounts of data that could not be used."""
import pickle

from regionclip_mm.io.skipped_data import (BAD_IMAGE, NO_CAPTION, REPLACED,
                                           BadSampleError, SkippedData,
                                           reason_of)


def account(*kinds):
    found = SkippedData()
    for number, kind in enumerate(kinds):
        found.add(kind, f'{number}.jpg')
    return found


def test_sums():
    found = account(BAD_IMAGE, REPLACED)
    found.update(account(*[NO_CAPTION] * 7))
    assert found.counts == {BAD_IMAGE: 1, REPLACED: 1, NO_CAPTION: 7}
    assert found.total == 8  # a caption that was mended is not skipped
    assert found.reasons == [
        'unreadable images: 0.jpg',
        'captions with undecodable bytes: 1.jpg'] + [
        f'images without caption: {k}.jpg' for k in range(3)]
    assert str(found) == ('1 captions with undecodable bytes, 7 images '
                          'without caption, 1 unreadable images')
    assert str(SkippedData()) == 'nothing'


def test_each_kind_has_a_reason():
    """Also one that comes last, or from another process."""
    found = account(*[NO_CAPTION] * 9, BAD_IMAGE, BAD_IMAGE)
    assert found.reasons[5:] == ['unreadable images: 9.jpg']
    found.update(account(NO_CAPTION, REPLACED, REPLACED))
    assert found.reasons[6:] == ['captions with undecodable bytes: 1.jpg']
    assert account(BAD_IMAGE).with_reasons() == (
        '1 unreadable images. The first: unreadable images: 0.jpg')
    assert SkippedData().with_reasons() == 'nothing'


def test_what_is_taken_is_gone():
    found = account(BAD_IMAGE)
    assert found.take() == account(BAD_IMAGE)
    assert found == SkippedData() == found.take()


def test_state():
    found = account(BAD_IMAGE, NO_CAPTION)
    assert SkippedData.from_state(found.state()) == found


def test_the_error_travels_between_processes():
    error = pickle.loads(pickle.dumps(BadSampleError(BAD_IMAGE, 'a.jpg')))
    assert (error.kind, error.where) == (BAD_IMAGE, 'a.jpg')
    assert str(error) == 'unreadable images: a.jpg'


def test_reasons_are_short():
    assert reason_of(ValueError('a\n b')) == 'a b'
    assert reason_of(ValueError()) == 'ValueError'
    assert len(reason_of('x' * 999)) == 200
