"""The page in the browser: an image, words, and what was found."""
import os
import socket
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from .page_answers import TOP, PageAnswers, Seen

READABLE = 720  # pixels that an image is enlarged to, by whole numbers
SHOWN = 100
HERE = '127.0.0.1'
ABOUT = ('# Find objects by words\n'
         'Drop an image, name what you look for, separated by ` . ` or line '
         'by line. Scores compare your words with each other: name also what '
         'else there is to see.')
HEADERS = ['box', 'score', *[f'word {k}' for k in range(1, TOP + 1)]]
Annotated = Tuple[np.ndarray, List[Tuple[Tuple[int, ...], str]]]


def make_page(answers: PageAnswers, examples: Sequence[Sequence[str]] = (),
              words: str = '', score: float = 0.5) -> Any:
    """The page as ``gradio.Blocks``, to be launched.

    Args:
        answers: Who computes what it shows.
        examples: Path and words of each.
        words: To begin with.
        score: Least score to show, to begin with.

    Raises:
        ImportError: If gradio is not there.
    """
    gradio = import_gradio()

    show = _shown(answers, gradio)
    with gradio.Blocks(title='regionclip_mm') as page:
        gradio.Markdown(ABOUT)
        with gradio.Row():
            with gradio.Column(scale=1):
                image = gradio.File(label='Image', type='filepath',
                                    elem_id='image', height=120)
                text = gradio.Textbox(words, label='Words', lines=3,
                                      elem_id='words')
                least = gradio.Slider(0, 1, score, step=0.01,
                                      label='Least score', elem_id='score')
                iou = gradio.Slider(
                    0, 1, answers.iou, step=0.05,
                    label='NMS: overlap (IoU) at which boxes are one',
                    elem_id='iou')
                button = gradio.Button('Find', variant='primary',
                                       elem_id='find')
                said = gradio.Markdown(elem_id='said')
            with gradio.Column(scale=2):
                with gradio.Tab('Found'):
                    boxes = gradio.AnnotatedImage(
                        label='Found', show_label=False, elem_id='found')
                with gradio.Tab('Proposals'):
                    regions = gradio.AnnotatedImage(
                        label='Proposals', show_label=False,
                        show_legend=False, elem_id='proposals')
        rows = gradio.Dataframe(headers=HEADERS, interactive=False,
                                label=f'The {TOP} most probable words of each '
                                'box', elem_id='table', wrap=True)
        wanted, shown = [image, text, least, iou], [boxes, rows, regions, said]
        if examples:
            gradio.Examples(list(map(list, examples)), [image, text],
                            label='Examples')
        button.click(show, wanted, shown, api_name='find')
        for event in (text.submit, least.release, iou.release):
            event(show, wanted, shown, **_hidden(gradio))
    return page


def _shown(answers: PageAnswers, gradio: Any) -> Callable[..., tuple]:
    """What the outputs of the page become of its inputs."""
    def show(path: str, text: str, least: float, iou: float) -> tuple:
        try:
            seen = answers.look(path, text, iou)
            if not isinstance(least, (int, float)):
                raise ValueError('least score: give a number from 0 to 1, not '
                                 f'{least!r}')
        except (ValueError, RuntimeError) as error:
            raise gradio.Error(str(error), duration=None, print_exception=False
                               ) from None
        return (found(seen, least), table(seen, least), proposed(seen),
                summary(seen, least))
    return show


def _hidden(gradio: Any) -> Dict[str, Any]:
    """What keeps an event out of the page's API."""
    if int(gradio.__version__.split('.')[0]) < 6:
        return dict(api_name=False)
    return dict(api_visibility='private')


def launch(page: Any, port: Optional[int], allowed: Sequence[str] = (),
           block: bool = True) -> Any:
    """Serve the page on this machine alone; returns what gradio does.

    Raises:
        ValueError: If something else is served on that port.
    """
    gradio = import_gradio()
    # No font is fetched from the net.
    theme = gradio.themes.Default(font=['system-ui', 'sans-serif'],
                                  font_mono=['monospace'])
    check_port(port)
    return page.launch(server_name=HERE, server_port=port, share=False,
                       theme=theme, allowed_paths=list(allowed),
                       prevent_thread_lock=not block, quiet=not block)


def check_port(port: Optional[int]) -> None:
    """Raise unless a port can be served; None passes.

    Raises:
        ValueError: Naming the option.
    """
    if port is None:
        return
    try:
        socket.create_server((HERE, port)).close()
    except (OSError, OverflowError) as error:
        raise ValueError(f'--port {port} cannot be used ({error}): give '
                         'another one') from None


def import_gradio() -> Any:
    """gradio, told not to report to anybody."""
    os.environ.setdefault('GRADIO_ANALYTICS_ENABLED', 'False')
    try:
        import gradio
    except ImportError:
        raise ImportError("the page needs gradio: pip install "
                          "'regionclip_mm[app]'") from None
    return gradio


def found(seen: Seen, least: float) -> Annotated:
    """Picture and boxes of the detections that score enough."""
    rows = rows_of(seen, least)
    return annotated(seen.image, seen.boxes[rows], [
        f'{seen.names[row]} {seen.scores[row]:.2f}' for row in rows])


def proposed(seen: Seen) -> Annotated:
    """Picture and boxes of the best proposals."""
    return annotated(seen.image, seen.proposals[:SHOWN], [
        f'{value:.2f}' for value in seen.objectness[:SHOWN]])


def table(seen: Seen, least: float) -> List[List[str]]:
    """A row for each detection that scores enough."""
    return [[', '.join(f'{v:.0f}' for v in seen.boxes[row]),
             f'{seen.names[row]} {seen.scores[row]:.2f}',
             *[f'{word} {p:.2f}' for word, p in seen.words[row]],
             *[''] * (TOP - len(seen.words[row]))]
            for row in rows_of(seen, least)]


def summary(seen: Seen, least: float) -> str:
    """How much was found, in a sentence."""
    shown, best = len(rows_of(seen, least)), seen.scores.max(initial=0)
    if shown or not len(seen.scores):
        return (f'{shown} of {len(seen.scores)} boxes, from '
                f'{len(seen.proposals)} proposals.')
    return f'Nothing scores {least:.2f}; the best has {best:.2f}.'


def rows_of(seen: Seen, least: float) -> List[int]:
    """Numbers of the detections that score enough."""
    return np.flatnonzero(seen.scores >= least)[:SHOWN].tolist()


def annotated(image: np.ndarray, boxes: np.ndarray,
              labels: Sequence[str]) -> Annotated:
    """What gradio draws; small images enlarged by a whole number."""
    zoom = max(1, READABLE // max(image.shape[:2]))
    if zoom > 1:
        image = cv2.resize(image, None, fx=zoom, fy=zoom,
                           interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(image), [
        (tuple(int(round(v * zoom)) for v in box), label)
        for box, label in zip(boxes.tolist(), labels)]
