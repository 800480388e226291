"""What `make demo` does when a disk is full, files are odd or words wrong."""
import importlib.util
import shlex
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


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location('emoji_demo', DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def say(module, monkeypatch, capsys):
    """Lines that the demo prints after its detector found something."""
    def run(*args, drawn=None, shown=True):
        monkeypatch.setattr(sys, 'argv', ['demo.py', *args])
        parsed = module.parse_args()
        words = module.read_words(parsed.words)
        scenes = scenes_of([] if parsed.words is None else words, 12)
        module.tell(parsed, words, drawn or {}, scenes if shown else None)
        return capsys.readouterr().out.splitlines()
    monkeypatch.chdir(ROOT)
    return run


def test_it_says_what_was_found(say):
    assert say('--words', 'cat . dog . pizza',
               drawn=dict(cat=2, dog=1, pizza=1, boat=3)) == [
        'Found, with scores above 0.5: cat 2, dog 1, pizza 1']
    assert say('--words', 'dog', '--score-thr', '0.25')[:2] == [
        'Found, with scores above 0.25: nothing',
        'Not found, though a scene shows it: dog']


def test_without_words_it_lists_only_names_that_scenes_show(say):
    drawn = dict.fromkeys(names('base', 'novel'), 1)
    del drawn['horse'], drawn['elephant']  # the 12 scenes show no elephant
    said = say('--score-thr', '0.4', drawn=drawn)
    assert said[1] == 'Not found, though a scene shows it: horse'
    assert said[2].endswith('demo.py --score-thr 0.3 --no-ap')
    assert len(said) == 3


def test_each_kind_of_word_is_said_as_what_it_is(say):
    said = say('--words', 'cat . gamepad . unicornzz', drawn=dict(gamepad=1))
    assert said[1:5] == [
        'Not found, though a scene shows it: cat',
        'A name of this world, but no scene shows it: gamepad',
        'Not a name of this world, so found at best by chance: unicornzz',
        '  (all its names: projects/emoji_world/assets/concepts.json)']
    many = ' . '.join(names('base', 'novel'))
    assert any(line.startswith('Shown only in scenes other than these 12: ')
               for line in say('--words', many))


def test_of_own_images_nothing_is_known(say):
    said = say('--words', 'cat . gamepad . unicornzz', '--images', 'a b.png',
               drawn=dict(cat=1), shown=False)
    assert said[1:3] == [
        'Not found: gamepad',
        'Not a name of this world, so found at best by chance: unicornzz']


@pytest.mark.parametrize('given, least', [
    ('0.5', '0.3'), ('0.3', '0.15'), ('0', None)])
def test_the_advice_is_a_command_that_lowers_the_threshold(
        module, say, monkeypatch, given, least):
    args = ['--words', "cat . ol' dog", '--images', 'a b.png', '--out', 'x']
    last = say('--score-thr', given, *args, shown=False)[-1]
    if least is None:
        assert 'less sure' not in last
        return
    python, script, *rest = shlex.split(last.split(': ', 1)[1])
    assert Path(python) == Path(module.near(sys.executable))
    assert script == 'projects/emoji_world/demo.py'
    monkeypatch.setattr(sys, 'argv', ['demo.py', *rest])
    parsed = module.parse_args()
    assert parsed.score_thr == float(least)
    assert (parsed.words, parsed.images, parsed.out) == (args[1], args[3], 'x')


@pytest.mark.parametrize('args, folder', [
    ([], 'outputs/demo'),
    (['--words', 'cat . pizza . bus'], 'outputs/demo_words/cat-pizza-bus'),
    (['--words', 'space invader'], 'outputs/demo_words/space_invader'),
    (['--words', 'a', '--out', 'b'], 'b')])
def test_words_have_a_folder_of_their_own(module, monkeypatch, args, folder):
    monkeypatch.setattr(sys, 'argv', ['demo.py', *args])
    parsed = module.parse_args()
    words = module.read_words(parsed.words)
    assert module.out_folder(parsed, words) == Path(folder)


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


@pytest.mark.parametrize('count, said', [
    (1, '1 annotated picture is in '), (2, '2 annotated pictures are in ')])
def test_it_says_where_the_pictures_are(demo, module, monkeypatch, tmp_path,
                                        capsys, count, said):
    monkeypatch.setattr(module, 'draw', lambda *args: (dict(cat=1), count))
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.png').touch()
    demo('--words', 'cat', '--images', 'a.png')
    assert f'{said}{tmp_path}/outputs/demo_words/cat\n' in (
        capsys.readouterr().out)


def test_a_text_file_as_image_is_one_line():
    done = subprocess.run(
        [sys.executable, str(DEMO), '--images', 'setup.py', '--no-ap'],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        'error: setup.py is not an image, or damaged')
    assert 'Traceback' not in done.stderr
