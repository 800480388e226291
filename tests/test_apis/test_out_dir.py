"""Results are written whole, or it is said before the first image why not."""
import errno
import json
import tempfile
from pathlib import Path

import pytest
from nano import make_image

from regionclip_mm.apis import coco_results
from regionclip_mm.apis.out_dir import check_out_dir, check_out_file


def block(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.mark.parametrize('prepare, message', [
    (lambda out: block(out), 'out is not a folder'),
    (lambda out: block(out.parent), 'out: .*is not a folder'),
    (lambda out: block(out / 'vis'), 'vis is not a folder'),
    (lambda out: (out / 'predictions.json').mkdir(parents=True),
     'predictions.json is in the way: a file of this name'),
    (lambda out: out.parent.symlink_to('nowhere'), 'is not a folder')])
def test_it_is_told_before_the_first_image(detect, tmp_path, monkeypatch,
                                           prepare, message):
    out = tmp_path / 'a/out'
    prepare(out)
    monkeypatch.setattr(detect._feed, '_try', None)
    with pytest.raises(OSError, match=message):
        detect(make_image(), texts='cat', out_dir=str(out),
               no_save_pred=False)


def test_no_permission(tmp_path, monkeypatch):
    def refuse(dir):
        raise PermissionError(errno.EACCES, 'Permission denied')
    monkeypatch.setattr(tempfile, 'TemporaryFile', refuse)
    with pytest.raises(OSError, match=f'a/b: no file can be made in {tmp_path}'
                       r' \(Permission denied\)'):
        check_out_dir(tmp_path / 'a/b')
    with pytest.raises(OSError, match='s3://x: name a folder of this mach'):
        check_out_dir('s3://x')


@pytest.mark.skipif(not Path('/proc/self').exists(), reason='has no /proc')
def test_folders_that_seem_to_be_writable():
    """For root, os.access says they are."""
    for path in ('/proc/x.json', '/proc/new/x.json'):
        with pytest.raises(OSError, match='no file can be made in /proc '):
            check_out_file(path)


def test_what_is_not_written_is_not_in_the_way(detect, tmp_path):
    (tmp_path / 'predictions.json').mkdir()
    detect(make_image(), texts='cat', out_dir=str(tmp_path))
    assert len(list((tmp_path / 'vis').iterdir())) == 1
    detect(make_image(), texts='cat', out_dir=str(tmp_path / 'none'),
           no_save_vis=True)
    assert not (tmp_path / 'none').exists()


@pytest.mark.parametrize('error', [KeyboardInterrupt, MemoryError('no room')])
def test_an_interrupted_call_leaves_what_it_has(detect, tmp_path, monkeypatch,
                                                error):
    said, forward = [], detect.forward
    monkeypatch.setattr(coco_results, 'print_log',
                        lambda text, *args: said.append(text))

    def third(inputs, **options):
        if 'third' in inputs['data_samples'][0].text:
            raise error
        return forward(inputs, **options)

    monkeypatch.setattr(detect, 'forward', third)
    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        detect([make_image(), b'no image', make_image(), make_image(),
                make_image()], texts=['first', 'second', 'third', 'x', 'y'],
               out_dir=str(tmp_path), no_save_pred=False)
    data = json.loads((tmp_path / 'predictions.json').read_text())
    assert len(data['images']) == len(data['skipped']) == 1
    assert [row['name'] for row in data['categories']][0] == 'first'
    assert said == [f'ended early: {tmp_path}/predictions.json has 1 of 5 '
                    'images']


def test_without_any_image_the_old_file_stays(detect, tmp_path, monkeypatch):
    path = tmp_path / 'predictions.json'
    path.write_text('old')
    with pytest.raises(ValueError, match='neither a path'):
        detect(b'no image', texts='cat', out_dir=str(tmp_path),
               no_save_pred=False)
    assert path.read_text() == 'old'


def test_a_full_disk_leaves_the_old_file(detect, tmp_path, monkeypatch):
    path = tmp_path / 'predictions.json'
    path.write_text('old')

    def dump(data, file, **kwargs):
        open(file, 'w').write('{"ima')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(coco_results.mmengine, 'dump', dump)
    with pytest.raises(OSError, match='No space left'):
        detect(make_image(), texts='cat', out_dir=str(tmp_path),
               no_save_pred=False, no_save_vis=True)
    assert path.read_text() == 'old'
    assert [p.name for p in tmp_path.iterdir()] == ['predictions.json']


def test_a_file_that_cannot_be_written(tmp_path):
    check_out_file(tmp_path / 'new/p.pkl')
    assert not [*tmp_path.iterdir()]
    (tmp_path / 'p.pkl').touch()
    check_out_file(tmp_path / 'p.pkl')
    with pytest.raises(OSError, match='is not a folder'):
        check_out_file(tmp_path / 'p.pkl/q.pkl')
    with pytest.raises(OSError, match='is in the way'):
        check_out_file(tmp_path)
