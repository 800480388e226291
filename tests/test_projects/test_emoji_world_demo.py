"""What `make demo` does when a disk is full, files are odd or words wrong."""
import importlib.util
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from PIL import Image

from mmdet.structures import DetDataSample
from projects.emoji_world.emoji_world import pictures
from projects.emoji_world.emoji_world.choice import scenes_of
from projects.emoji_world.emoji_world.concepts import names
from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.splits import SPLITS, Split
from projects.emoji_world.tools import make_scenes

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / 'projects/emoji_world/demo.py'


@pytest.fixture
def split(monkeypatch):
    """A split of 4 scenes."""
    monkeypatch.setitem(SPLITS, 'demo', Split('scene', 4))
    return 'demo'


def contents(root: Path) -> dict:
    return {path.relative_to(root): path.read_bytes()
            for path in root.rglob('*') if path.is_file()}


@pytest.fixture
def full_disk(monkeypatch):
    """Files become as long as there is room, then there is an error."""
    room, write = [0], Path.write_bytes

    def write_bytes(path, content):
        room[0] -= len(content)
        if room[0] < 0:
            write(path, content[:10])
            raise OSError(28, 'No space left on device')
        return write(path, content)

    monkeypatch.setattr(Path, 'write_bytes', write_bytes)
    return room


@pytest.mark.parametrize('images', [0, 2.5, 4])
def test_after_a_full_disk_the_rest_is_written(split, tmp_path, full_disk,
                                               images):
    full_disk[0] = 10**9
    make_scenes.write_split(split, tmp_path / 'whole')
    whole = contents(tmp_path / 'whole')
    pngs = sorted(path for path in whole if path.suffix == '.png')
    sizes = [len(whole[path]) for path in pngs]
    full_disk[0] = int(sum(sizes[:int(images)]) + images % 1 * sizes[2])
    with pytest.raises(OSError, match=r'demo\S+ could not be written: No sp'):
        make_scenes.write_split(split, tmp_path / 'cut')
    assert set(contents(tmp_path / 'cut').items()) == {
        (path, whole[path]) for path in pngs[:int(images)]}
    full_disk[0] = 10**9
    make_scenes.write_split(split, tmp_path / 'cut')
    assert contents(tmp_path / 'cut') == whole


def test_lost_images_are_drawn_again_and_others_kept(split, tmp_path):
    make_scenes.write_split(split, tmp_path)
    whole, folder = contents(tmp_path), tmp_path / 'images/demo'
    (folder / '00001.png').unlink()
    kept = (folder / '00002.png').stat().st_mtime_ns
    make_scenes.write_split(split, tmp_path)
    assert contents(tmp_path) == whole
    assert (folder / '00002.png').stat().st_mtime_ns == kept


def test_what_is_finished_is_not_planned_again(split, tmp_path, monkeypatch):
    make_scenes.write_split(split, tmp_path)
    for module in (make_scenes, make_scenes.coco):
        monkeypatch.setattr(module, 'make_plan', None)
    make_scenes.write_split(split, tmp_path)


def test_no_picture_is_seen_half_written(split, tmp_path, monkeypatch):
    """Another demo lists the folder at the worst of times."""
    seen, write = [], Path.write_bytes

    def write_bytes(path, content):
        write(path, content[:len(content) // 2])
        seen.extend(cv2.imread(str(p)) for p in path.parent.glob('*.png'))
        return write(path, content)

    monkeypatch.setattr(Path, 'write_bytes', write_bytes)
    make_scenes.write_split(split, tmp_path)
    assert len(seen) == 6 and all(image is not None for image in seen)


def found_in(path) -> DetDataSample:
    return DetDataSample(metainfo=dict(img_path=str(path)),
                         pred_instances=InstanceData(
        bboxes=torch.tensor([[1., 2., 30., 20.]]), scores=torch.tensor([.9]),
        labels=torch.tensor([0]), label_names=['$ cat']))


def test_each_image_has_a_picture_of_its_own(tmp_path):
    image, samples = Image.new('RGB', (800, 600), 'red'), []
    for name in ('a.png', 'a.jpg', 'x.tga'):
        image.save(tmp_path / name)
        samples.append(found_in(tmp_path / name))
    drawn = pictures.draw_all(samples, 0.5, tmp_path / 'out')
    assert drawn == {'$ cat': 3}
    assert sorted(p.name for p in (tmp_path / 'out').iterdir()) == [
        'a.jpg', 'a.png', 'x.png']


def test_pictures_are_upright(tmp_path):
    """Boxes are in the pixels of the upright image, so is the picture."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.zeros((600, 800, 3), np.uint8)
    Image.fromarray(stored).save(tmp_path / 'a.webp', exif=exif)
    pictures.draw_all([found_in(tmp_path / 'a.webp')], 0.5, tmp_path / 'out')
    assert cv2.imread(str(tmp_path / 'out/a.webp')).shape == (800, 600, 3)


def test_scenes_show_the_words():
    words = ['cat', 'no such thing', 'pizza', 'bus']
    chosen = scenes_of(words, 6)
    assert len(set(chosen)) == 6
    for number, scene in enumerate(chosen):
        there = {names()[o.concept] for o in make_plan(*scene).objects}
        assert there & {'cat', 'pizza', 'bus'}
        if number < 3:
            assert ['cat', 'pizza', 'bus'][number] in there
    assert scenes_of([], 2) == scenes_of(['xyz'], 2) == [
        ('demo', 0), ('demo', 1)]


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location('emoji_demo', DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_says_what_was_found(module, capsys):
    module.tell(['cat', 'dog', 'pizza'], dict(cat=2, pizza=1, boat=3), 0.5)
    assert capsys.readouterr().out.splitlines()[0] == (
        'Found, with scores above 0.5: cat 2, pizza 1')
    module.tell(['dog'], {}, 0.25)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == 'Found, with scores above 0.25: nothing'
    assert said[1].startswith('Not found: dog (--score-thr')
    module.tell(['cat'], dict(cat=2), 0.5)
    assert 'Not found' not in capsys.readouterr().out


@pytest.mark.parametrize('args, folder', [
    ([], 'outputs/demo'), (['--words', 'a'], 'outputs/demo_words'),
    (['--words', 'a', '--out', 'b'], 'b')])
def test_words_have_a_folder_of_their_own(module, monkeypatch, args, folder):
    monkeypatch.setattr(sys, 'argv', ['demo.py', *args])
    assert module.parse_args().out == folder


@pytest.fixture
def demo(module, monkeypatch):
    monkeypatch.setattr(module, 'quiet', lambda: None)

    def run(*args):
        monkeypatch.setattr(sys, 'argv', ['demo.py', *args])
        module.main()
    return run


def test_mistakes_are_told_before_any_scene(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(make_scenes, 'write_split', None)
    monkeypatch.chdir(ROOT)
    (tmp_path / 'file').touch()
    with pytest.raises(ValueError, match="text ' . ' has no class name"):
        demo('--words', ' . ')
    with pytest.raises(ValueError, match="text '' has no class name"):
        demo('--words', '')
    with pytest.raises(OSError, match='file is not a folder'):
        demo('--out', str(tmp_path / 'file/out'))


def test_a_text_file_as_image_is_one_line():
    done = subprocess.run(
        [sys.executable, str(DEMO), '--images', 'setup.py', '--no-ap'],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        'error: setup.py is not an image, or damaged')
    assert 'Traceback' not in done.stderr
