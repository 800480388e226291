"""tools/extract_region_features.py: what it writes, goes on with, refuses."""
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from features import files_in, tool, write_coco, write_detector, write_images
from nano import ROOT, make_vocabulary

from regionclip_mm.apis import RegionInferencer
from regionclip_mm.apis.feature_extraction import FeatureExtractor
from regionclip_mm.io.feature_folder import FeatureFolder
from regionclip_mm.io.files import load_plain_file

ONE = ('--device', 'cpu', '--processes', '1', '--images-per-part', '2')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp('detector'))


@pytest.fixture
def extract(files, tmp_path, monkeypatch):
    """Runs the tool in a folder with five images, one of them bad."""
    monkeypatch.chdir(tmp_path)
    write_images(Path('images'))
    make_vocabulary().save('words.pth')

    def run(out='out', *options, images='images'):
        tool('extract_region_features')(
            [*files, images, '--out', out, *ONE, *options])
        return FeatureFolder(out)
    return run


def test_proposals(extract, files, capsys):
    folder = extract('out', '--vocabulary', 'words.pth')
    told = capsys.readouterr()
    assert 'out: 4 images, ' in told.out and '1 images skipped' in told.out
    assert 'images/3.png is not an image' in told.err
    rows = folder.read()
    detect = RegionInferencer(*files, device='cpu', show_progress=False)
    found = detect.region_features('images/2.png', vocabulary='words.pth')
    of_image = rows['image'] == 'images/2.png'
    assert of_image.sum() == len(found) > 3
    np.testing.assert_allclose(rows['feature'][of_image], found.features,
                               rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(rows['box'][of_image], found.boxes)
    assert rows['class'][of_image].tolist() == [
        words[0][0] for words in found.top(1)]
    assert folder.about['names'] == list(make_vocabulary().names)


def test_boxes_of_a_file(extract, capsys):
    write_coco(Path('boxes.json'), {
        0: [('cat', [1, 2, 30, 40]), ('cat', [500, 0, 9, 9])],
        2: [('dog', [0, 0, 90, 90])]})
    rows = extract('out', '--boxes', 'boxes.json').read()
    assert rows['image'].tolist() == ['images/0.png', 'images/2.png']
    assert rows['box'].tolist() == [[1, 2, 31, 42], [0, 0, 80, 70]]
    assert rows['objectness'].tolist() == [1, 1]
    assert rows['class'].tolist() == ['', '']
    assert np.isnan(rows['probability']).all()
    assert '0.png: 1 of 2 boxes have no area inside' in capsys.readouterr().err
    again = extract('again', '--boxes', 'boxes.json', '--image-root',
                    'images', images='boxes.json').read()
    np.testing.assert_array_equal(again['feature'], rows['feature'])


def test_detections(extract, files):
    rows = extract('out', '--detections', '--vocabulary', 'words.pth').read()
    detect = RegionInferencer(*files, device='cpu', show_progress=False)
    [found] = detect('images/1.png', vocabulary='words.pth')['predictions']
    mine = rows['image'] == 'images/1.png'
    np.testing.assert_allclose(rows['objectness'][mine], found['scores'],
                               rtol=1e-4)
    np.testing.assert_allclose(rows['probability'][mine],
                               found['class_scores'], rtol=1e-4)
    assert rows['class'][mine].tolist() == found['label_names']
    with pytest.raises(SystemExit, match='--detections need words'):
        extract('other', '--detections')


@pytest.mark.parametrize('storage', ['parquet', 'npz', 'hdf5'])
def test_goes_on_after_an_interruption(extract, storage, monkeypatch, capsys):
    """Whatever was cut off or lost; all bytes are equal at the end."""
    options = '--format', storage
    extract('whole', *options)
    image = FeatureExtractor._image

    def killed(self, path):
        if path.endswith('3.png'):
            raise KeyboardInterrupt
        return image(self, path)

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(FeatureExtractor, '_image', killed)
        extract('out', *options)
    folder = FeatureFolder('out')
    assert [folder.problem(part) for part in folder.about['parts']] == [
        None, '', '']
    first = folder.file('000000000')
    first.write_bytes(first.read_bytes()[:-9])
    capsys.readouterr()
    extract('out', *options)
    assert f'{first} is cut off or damaged: it does not hold what was ' \
        'written; it is written anew' in capsys.readouterr().err
    assert files_in('out') == files_in('whole')


def test_other_parts_than_before(extract):
    """Also if they are as many: 4 and 2 images, or 3 and 3."""
    extract('out', '--images-per-part', '4')
    with pytest.raises(SystemExit, match='of which differ: parts'):
        extract('out', '--images-per-part', '3')


@pytest.mark.parametrize('processes', [
    '1', pytest.param('2', marks=pytest.mark.slow)])
def test_kill_9(extract, files, processes):
    """Of the program alone: its processes end by themselves."""
    extract('whole')
    command = [sys.executable, str(ROOT / 'tools/extract_region_features.py'),
               *files, 'images', '--out', 'out', '--device', 'cpu',
               '--processes', processes, '--images-per-part', '2']
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    begin = time.time()
    while not list(Path('out').glob('parts/*.json')) and (
            running.poll() is None and time.time() - begin < 60):
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    extract('out')
    assert files_in('out') == files_in('whole')


def test_no_image_at_all(extract):
    write_images(Path('images'), bad=range(5))
    with pytest.raises(SystemExit, match='none of the 5 images can be used; '
                       'the first: images/0.png is not an image'):
        extract()
    write_images(Path('images'))
    assert len(extract().heads()) == 3


def test_images_without_regions(extract):
    write_coco(Path('boxes.json'), {})
    folder = extract('out', '--boxes', 'boxes.json')
    assert folder.read()['feature'].shape == (0, 128)


def test_another_run_is_refused(extract, files, tmp_path):
    """Of other words, weights, images or options."""
    extract('out', '--vocabulary', 'words.pth')
    make_vocabulary(('cat', )).save('other.pth')
    for options, message in (
            (['--vocabulary', 'other.pth'], 'vocabulary_sha256'),
            ([], 'vocabulary_sha256'),
            (['--vocabulary', 'words.pth', '--format', 'npz'],
             r"format \('parquet' there, 'npz' here\)"),
            (['--vocabulary', 'words.pth', '--cfg-options',
              'model.proposal_source.min_side=20'],
             'model.proposal_source.min_side')):
        with pytest.raises(SystemExit, match='out was begun with something '
                           f'else, of which differ: {message}'):
            extract('out', *options)
    with pytest.raises(SystemExit, match='images.count'):
        extract('out', '--vocabulary', 'words.pth', images='images/0.png')
    weights = load_plain_file(files[1])
    weights['state_dict']['roi_head.bbox_head.region_pool.c_proj.bias'] += 1
    torch.save(weights, 'other.pth')
    with pytest.raises(SystemExit, match='weights.encoder_sha256'):
        tool('extract_region_features')(
            [files[0], 'other.pth', 'images', '--out', 'out', *ONE,
             '--vocabulary', 'words.pth'])


def test_words_that_do_not_fit(extract):
    """Nothing is begun with them."""
    make_vocabulary(dim=7).save('small.pth')
    with pytest.raises(SystemExit, match='different CLIP models'):
        extract('out', '--vocabulary', 'small.pth')
    vocabulary = make_vocabulary()
    vocabulary.meta['arch'] = 'rn50'
    vocabulary.save('other.pth')
    with pytest.raises(SystemExit, match="the vocabulary is of CLIP's rn50"):
        extract('out', '--vocabulary', 'other.pth')
    assert not Path('out').exists()
    Path('words.txt').write_text('cat\ntraffic cone\n')
    folder = extract('out', '--vocabulary', 'words.txt')
    assert folder.about['names'] == ['cat', 'traffic cone']


def test_a_run_that_failed_at_once_does_not_bind(extract, monkeypatch):
    def fail(self, name):
        raise ValueError('at once')
    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(FeatureExtractor, '_part', fail)
        extract('out', '--vocabulary', 'words.pth')
    assert extract('out').about['names'] == []


def test_what_killed_processes_leave_is_removed(extract):
    extract()
    left = Path(f'out/parts/000000000.parquet.{"0" * 32}.tmp')
    left.touch()
    extract()
    assert not left.exists()


def test_another_process_in_the_folder(extract):
    """Also with the same command: both would write the same parts."""
    handle = os.open(Path('out').mkdir() or 'out', os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(SystemExit, match='another process writes to out: '
                       'wait for its end'):
        extract()
    assert not any(Path('out').iterdir())
    os.close(handle)
    extract()


def test_features_that_are_not_finite(extract, monkeypatch):
    from regionclip_mm.models import RegionCLIP
    embed = RegionCLIP.encode_regions
    monkeypatch.setattr(RegionCLIP, 'encode_regions', lambda *args: embed(
        *args) * np.nan)
    with pytest.raises(SystemExit, match='images/0.png has features that are '
                       'not finite'):
        extract()


def test_boxes_of_unknown_images(extract):
    write_coco(Path('boxes.json'), {6: [('cat', [0, 0, 9, 9])]}, count=7)
    with pytest.raises(SystemExit, match='boxes.json has boxes for 2 images '
                       'that are not among the 5 given: 5.png, 6.png'):
        extract('out', '--boxes', 'boxes.json')
    assert not Path('out').exists()


@pytest.mark.parametrize('images, message', [
    ('no.png', 'there is no image, folder or list no.png'),
    ('empty', 'the folder empty has no images'),
    ('words.txt', 'there are no images in words.txt'),
])
def test_no_images(extract, images, message):
    Path('empty').mkdir()
    Path('words.txt').write_text('\n')
    with pytest.raises(SystemExit, match=message):
        extract(images=images)


def test_a_folder_of_something_else(extract):
    with pytest.raises(SystemExit, match='images has other files in it'):
        extract('images')
    with pytest.raises(SystemExit, match='is not a folder'):
        extract('words.pth')
