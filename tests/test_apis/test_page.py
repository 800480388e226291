"""The page: answers, two users at once, bad uploads, and a browser."""
import os
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from mmengine.config import ConfigDict
from nano import ROOT
from PIL import Image

from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.render import render
from regionclip_mm.apis import RegionInferencer, page
from regionclip_mm.apis.page_answers import MAX_LETTERS, PageAnswers

CONFIG = ROOT / 'projects/emoji_world/configs/regionclip_nano.py'
WEIGHTS = ROOT / 'projects/emoji_world/weights/regionclip_nano.pth'
WORDS = 'boat . tv . bottle . cat . bus . pizza'
BROWSERS = ('chromium', 'google-chrome', 'chromium-browser')


@pytest.fixture(scope='module', autouse=True)
def temporary_files(tmp_path_factory):
    """Gradio's client makes a folder of its own for each file that it gets."""
    folder = str(tmp_path_factory.mktemp('gradio'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('tempfile.tempdir', folder)
        patch.setenv('GRADIO_TEMP_DIR', folder)
        yield


@pytest.fixture(scope='module')
def answers():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return PageAnswers(RegionInferencer(
            str(CONFIG), str(WEIGHTS), device='cpu', show_progress=False))


@pytest.fixture(scope='module')
def scene(tmp_path_factory):
    path = tmp_path_factory.mktemp('page') / 'scene.png'
    cv2.imwrite(str(path), render(make_plan('demo', 0)))
    return str(path)


@pytest.fixture(scope='module')
def address(answers, scene):
    """Of the page, served."""
    blocks = page.make_page(answers, words=WORDS)
    _, url, _ = page.launch(blocks, None, block=False)
    yield url
    blocks.close()


def test_finds_what_the_inferencer_finds(answers, scene):
    seen = answers.look(scene, WORDS, answers.iou)
    [found] = answers.detect(scene, texts=WORDS,
                             no_parts=True)['predictions']
    np.testing.assert_allclose(seen.scores, found['scores'], atol=1e-4)
    assert seen.names == found['label_names']
    assert {'boat', 'tv', 'bottle'} <= {
        name for name, score in zip(seen.names, seen.scores) if score > 0.5}
    assert len(seen.words) == len(seen.boxes) and len(seen.proposals) > 10
    # the first word of a box is its name, where other words were not kept
    assert seen.words[0][0][0] == seen.names[0]
    assert (np.diff(seen.objectness) <= 0).all()


def test_score_slider_runs_no_network(answers, scene, monkeypatch):
    seen = answers.look(scene, WORDS, 0.4)
    monkeypatch.setattr(answers.detect.model, 'forward', None)
    assert answers.look(scene, WORDS, 0.4) is seen
    counts = [len(page.table(seen, least)) for least in (0., 0.9, 1.)]
    assert counts[0] >= counts[1] > counts[2] == 0
    assert 'Nothing scores 1.00' in page.summary(seen, 1.)


def test_nms_slider(answers, scene):
    before = answers.iou
    few, many = (len(answers.look(scene, WORDS, iou).boxes)
                 for iou in (0.05, 0.95))
    assert few < many and answers.iou == before


def test_a_detector_with_soft_nms(answers, scene, monkeypatch):
    """As in the configs of transfer: it has no threshold to move."""
    monkeypatch.setitem(
        answers.detect.model.roi_head.test_cfg, 'nms', ConfigDict(
            type='offset_soft_nms', method='gaussian', sigma=0.5,
            min_score=1e-3))
    other = PageAnswers(answers.detect)
    page.make_page(other)
    assert other.iou == 0.5
    few, many = (len(other.look(scene, WORDS, iou).boxes)
                 for iou in (0.05, 0.95))
    assert few < many


def test_large_images_are_not_kept_long(answers, scene, monkeypatch):
    from regionclip_mm.apis import page_answers
    other = PageAnswers(answers.detect)
    size = other.look(scene, WORDS, 0.3).image.nbytes
    monkeypatch.setattr(page_answers, 'MAX_BYTES', 2 * size)
    for iou in (0.4, 0.5, 0.6):
        other.look(scene, WORDS, iou)
    assert [key[-1] for key in other._known] == [0.5, 0.6]


def test_nothing_to_be_found(answers, tmp_path):
    path = tmp_path / 'flat.png'
    cv2.imwrite(str(path), np.full((64, 64, 3), 200, np.uint8))
    seen = answers.look(str(path), 'cat . dog', 0.3)
    image, boxes = page.found(seen, 0.99)
    assert boxes == [] and max(image.shape) > 64


@pytest.mark.parametrize('mode', ['L', 'RGBA', 'P'])
def test_images_of_all_kinds(answers, scene, tmp_path, mode):
    path = tmp_path / 'a.png'
    Image.open(scene).convert(mode).save(path)
    assert answers.look(str(path), WORDS, 0.3).image.shape[2] == 3


def test_turned_photo(answers, scene, tmp_path):
    path, image = tmp_path / 'a.jpg', Image.open(scene).convert('RGB')
    exif = Image.Exif()
    exif[274] = 6
    image.crop((0, 0, 200, 100)).save(path, exif=exif)
    assert answers.look(str(path), WORDS, 0.3).image.shape == (200, 100, 3)


def test_hundred_megapixels_are_refused_unread(answers, tmp_path):
    path = tmp_path / 'huge.png'
    Image.new('1', (10000, 10000)).save(path)
    with pytest.raises(ValueError, match='huge.png has too many pixels: scale '
                       'it down to at most 40 megapixels'):
        answers.look(str(path), WORDS, 0.3)


@pytest.mark.parametrize('content', [b'no image', b''])
def test_no_image(answers, tmp_path, content):
    path = tmp_path / 'notes.png'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='notes.png is no image'):
        answers.look(str(path), WORDS, 0.3)


def test_half_an_image(answers, scene, tmp_path):
    path = tmp_path / 'half.png'
    with open(scene, 'rb') as file:
        path.write_bytes(file.read()[:3000])
    with pytest.raises(ValueError, match='half.png'):
        answers.look(str(path), WORDS, 0.3)


def test_the_servers_folders_are_not_shown(answers, tmp_path):
    path = tmp_path / 'half.png'
    Image.fromarray(np.zeros((99, 99, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError) as caught:
        answers.look(str(path), WORDS, 0.3)
    assert 'half.png' in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_only_one_endpoint(address):
    from gradio_client import Client
    named = Client(address, verbose=False).view_api(return_format='dict')
    assert [*named['named_endpoints']] == ['/find']


@pytest.mark.parametrize('words, iou, message', [
    (WORDS, None, 'NMS: give a number'), (['cat'], 0.3, 'words as one text')])
def test_values_of_other_types(answers, scene, words, iou, message):
    with pytest.raises(ValueError, match=message):
        answers.look(scene, words, iou)


def test_a_port_in_use():
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ValueError, match=f'--port {port} cannot be used'):
            page.check_port(port)
    page.check_port(None)


@pytest.mark.parametrize('text, message', [
    ('', 'say what to look for'), (' . \n', 'say what to look for'),
    ('word . ' * 2000, f'give at most {MAX_LETTERS}')])
def test_bad_words(answers, scene, text, message):
    with pytest.raises(ValueError, match=message):
        answers.look(scene, text, 0.3)


def test_no_upload(answers):
    with pytest.raises(ValueError, match='give an image first'):
        answers.look(None, WORDS, 0.3)


def test_other_detectors_are_told():
    class Other:
        model = None
    with pytest.raises(ValueError, match="model.type='NoneType'"):
        PageAnswers(Other())


def test_two_users_at_once(address, answers, scene, tmp_path):
    """Each gets the words they asked for.

    They look at different images: gradio writes the picture of an answer to a
    file named by its content, anew each time, while another may be reading it.
    """
    from gradio_client import Client, handle_file
    other = str(tmp_path / 'other.png')
    cv2.imwrite(other, render(make_plan('demo', 1)))

    def ask(image, text):
        client = Client(address, verbose=False)
        return [client.predict(handle_file(image), text, 0., 0.3 + 0.05 * k,
                               api_name='/find')[1]['data'] for k in range(3)]
    texts = ['boat . cat', 'tv . dog . bus']
    with ThreadPoolExecutor(2) as pool:
        for text, tables in zip(texts, pool.map(ask, [scene, other], texts)):
            words = {cell.rsplit(' ', 1)[0] for rows in tables
                     for row in rows for cell in row[1:] if cell}
            assert words and words <= set(text.split(' . '))


def browser_path():
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.mark.skipif(not (browser_path() or os.environ.get('NEED_BROWSER')),
                    reason='no Chromium (Debian: apt install '
                    'chromium); make test-app needs one')
def test_in_a_browser(address, scene, tmp_path):
    """Upload, find, move a slider, look at the proposals, upload nonsense."""
    from playwright.sync_api import expect, sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(), args=['--no-sandbox'])
        view = browser.new_page(viewport=dict(width=1280, height=1000))
        view.goto(address)
        view.set_input_files('#image input[type=file]', scene)
        expect(view.locator('#image')).to_contain_text('scene', timeout=30000)
        view.click('#find')
        expect(view.locator('#said')).to_contain_text('boxes, from',
                                                      timeout=60000)
        expect(view.locator('#table')).to_contain_text('boat')
        expect(view.locator('#found')).to_contain_text('tv')
        view.wait_for_timeout(500)
        view.screenshot(path=str(tmp_path / 'found.png'), full_page=True)
        number = view.locator('#score input[type=number]')
        number.fill('1')
        number.press('Enter')
        slider = view.locator('#score input[type=range]')
        slider.focus()
        slider.press('End')
        view.click('#find')
        expect(view.locator('#said')).to_contain_text('Nothing scores 1.00',
                                                      timeout=30000)
        view.get_by_role('tab', name='Proposals').click()
        expect(view.locator('#proposals img').first).to_be_visible()
        view.screenshot(path=str(tmp_path / 'proposals.png'))
        bad = tmp_path / 'notes.txt'
        bad.write_text('no image')
        view.reload()
        view.set_input_files('#image input[type=file]', str(bad))
        expect(view.locator('#image')).to_contain_text('notes', timeout=30000)
        view.click('#find')
        expect(view.get_by_text('is no image that can be read')
               ).to_be_visible(timeout=30000)
        browser.close()
    assert (tmp_path / 'found.png').stat().st_size > 20000
