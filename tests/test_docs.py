"""What the documents mention exists: links, files, commands, flags, names."""
import ast
import functools
import glob
import importlib
import logging
import re
import runpy
import shlex
import sys
from itertools import product
from pathlib import Path
from typing import Iterator, List, NamedTuple, Tuple

import pytest
from exported import HAS_EXPORTER

import mmdet

ROOT = Path(__file__).parents[1]
ORIGINAL = ROOT / 'docs/from_regionclip.md'
DOCUMENTS = sorted({
    *ROOT.glob('*.md'), *ROOT.glob('docs/*.md'),
    *ROOT.glob('projects/README.md'), *ROOT.glob('projects/*/README.md')})
FOLDERS = ('regionclip_mm', 'configs', 'tools', 'projects', 'tests', 'docs',
           'requirements', '.ci')
PATH = re.compile(rf'(?<![\w/.:$~-])(?:\./)?(?:{"|".join(FOLDERS)})/'
                  r'[\w./{},*-]+')
FLAG = re.compile(r'(?<![\w-])--[a-z][\w-]*')
SCRIPT = re.compile(r'(?:^|\s)(?:\S*python3?|torchrun\s.*?)\s+(\S+\.py)\b(.*)')


class Command(NamedTuple):
    """A command line in a document."""
    script: str
    rest: str


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@functools.lru_cache(maxsize=None)
def text_of(path: Path) -> str:
    """A document; of the page on the original only what is said of ours."""
    text = path.read_text(encoding='utf-8')
    if path != ORIGINAL:
        return text
    lines = [line if not line.startswith('|') else line.split(' | ', 1)[-1]
             for line in text.splitlines()]
    return re.sub('tools/(train_net|visualize_json_results).py', '',
                  '\n'.join(lines))


def blocks(path: Path, *languages: str) -> List[str]:
    found = re.findall(r'^ *```(\w*)\n(.*?)^ *```', text_of(path),
                       re.S | re.M)
    return [code for language, code in found if language in languages]


def expand(pattern: str) -> List[str]:
    """'a_{b,c}.py' -> 'a_b.py', 'a_c.py'."""
    parts = re.split(r'\{([^{}]*)\}', pattern)
    choices = [part.split(',') if i % 2 else [part]
               for i, part in enumerate(parts)]
    return [''.join(items) for items in product(*choices)]


def commands(path: Path) -> Iterator[Command]:
    for code in blocks(path, 'bash', 'sh', 'shell', ''):
        for line in code.replace('\\\n', ' ').splitlines():
            found = SCRIPT.search(line.split(' # ')[0])
            if found:
                yield Command(*found.groups())


@functools.lru_cache(maxsize=None)
def source_of(script: Path) -> str:
    """A script's own source, its siblings' and mmdet's if it uses them."""
    source = script.read_text(encoding='utf-8')
    for sibling in re.findall(r'^from (_\w+) import', source, re.M):
        source += (script.parent / f'{sibling}.py').read_text()
    handed = re.search(r"\.mim/tools/\w+\.py", source)
    if handed:
        source += (Path(mmdet.__file__).parent / handed[0]).read_text()
    return source


def has_flag(source: str, flag: str) -> bool:
    return re.search(rf'''["']{re.escape(flag)}["']''', source) is not None


@pytest.mark.parametrize('path', DOCUMENTS, ids=ids)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding='utf-8')
    for target in re.findall(r'\]\(([^)\s]+)\)', text):
        if re.match(r'\w+:', target):
            continue
        name, _, anchor = target.partition('#')
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f'{ids(path)} links to {target}'
        if anchor and file.suffix == '.md':
            assert anchor in anchors(file), f'{ids(path)}: no {target}'


def anchors(path: Path) -> List[str]:
    """Anchors that GitHub gives to the headings."""
    text = re.sub(r'```.*?```', '', path.read_text(encoding='utf-8'),
                  flags=re.S)
    titles = re.findall(r'^#+ (.*)', text, re.M)
    return [re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-')
            for title in titles]


@pytest.mark.parametrize('path', DOCUMENTS, ids=ids)
def test_files_exist(path):
    missing = []
    for mention in PATH.findall(re.sub(r'\]\([^)]*\)', ']', text_of(path))):
        for name in expand(mention.rstrip('.,/')):
            here = path.parent if path.name == 'README.md' else ROOT
            if not (glob.glob(str(ROOT / name)) or
                    glob.glob(str(here / name))):
                missing.append(name)
    assert not missing


@pytest.mark.parametrize('path', DOCUMENTS, ids=ids)
def test_commands_exist_with_their_flags(path):
    for script, rest in commands(path):
        file = ROOT / script
        assert file.is_file(), f'{ids(path)}: no {script}'
        for flag in FLAG.findall(rest):
            assert has_flag(source_of(file), flag), f'{script} has no {flag}'
    makefile = (ROOT / 'Makefile').read_text()
    for target in re.findall(r'(?:`|^ *)make (?:[A-Z]+=\S+ )*([a-z-]+)',
                             text_of(path), re.M):
        assert re.search(rf'^{target}:', makefile, re.M), f'make {target}'


def test_every_script_of_a_command_is_run_by_a_test():
    """Or by tools/check_wheel.sh."""
    runners = [path.read_text(encoding='utf-8') for path in (
        *ROOT.glob('tests/**/*.py'), ROOT / 'tools/check_wheel.sh')
        if path != Path(__file__)]
    scripts = {Path(command.script).stem for path in DOCUMENTS
               for command in commands(path)}
    assert len(scripts) > 25
    assert not {name for name in scripts if not any(
        re.search(rf'\b{name}\b', text) for text in runners)}


@pytest.mark.parametrize('path', DOCUMENTS, ids=ids)
def test_flags_in_sentences_exist(path):
    prose = re.sub(r'```.*?```', '', text_of(path), flags=re.S)
    tools = [source_of(file) for folder in ('tools', 'projects')
             for file in (ROOT / folder).rglob('*.py')]
    for span in re.findall(r'`([^`\n]+)`', prose):
        if re.match(r'pip |pre-commit |torchrun |FORCE_', span):
            continue
        for flag in FLAG.findall(span):
            assert any(has_flag(source, flag) for source in tools), (
                f'{ids(path)}: {flag}')


@pytest.mark.parametrize('path', DOCUMENTS, ids=ids)
def test_python_is_python(path):
    for code in blocks(path, 'python', 'py'):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (
                    node.module.startswith('regionclip_mm')):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name), alias.name


@pytest.mark.parametrize('path', DOCUMENTS, ids=ids)
def test_components_exist(path):
    from mmdet.registry import (DATASETS, HOOKS, METRICS, MODELS, TASK_UTILS,
                                TRANSFORMS)
    from mmdet.utils import register_all_modules
    register_all_modules()
    for part in ('models', 'datasets', 'evaluation', 'engine'):
        importlib.import_module(f'regionclip_mm.{part}')
    registries = (MODELS, DATASETS, METRICS, HOOKS, TRANSFORMS, TASK_UTILS)
    for name in re.findall(r"\btype='(\w+)'", text_of(path)):
        if name not in ('nms', 'soft_nms', 'offset_soft_nms', 'Pretrained',
                        'X'):
            assert any(r.get(name) for r in registries), name


def registered() -> Iterator[type]:
    """Every class of this package in a registry of mmdet."""
    from mmengine.registry import Registry

    import mmdet.registry
    from mmdet.utils import register_all_modules
    register_all_modules()
    for part in ('models', 'datasets', 'evaluation', 'engine'):
        importlib.import_module(f'regionclip_mm.{part}')
    for registry in vars(mmdet.registry).values():
        if isinstance(registry, Registry):
            for part in registry.module_dict.values():
                if part.__module__.startswith('regionclip_mm.'):
                    yield part


def test_registered_classes_say_what_they_are():
    found = {part.__name__: (part.__doc__ or '').strip().split('\n\n')[0]
             for part in registered()}
    assert len(found) > 50
    assert not {name: text for name, text in found.items()
                if not re.search(r'[.:?]$', text) or len(text) > 250}


def test_registered_models_are_in_a_document():
    text = ''.join(path.read_text(encoding='utf-8') for path in DOCUMENTS)
    names = {part.__name__ for part in registered()}
    assert not [name for name in names if not re.search(
        rf'\b{name}\b', text.replace('`...', '`OpenVocabulary'))]


def test_the_map_leads_to_every_page():
    text = (ROOT / 'docs/README.md').read_text(encoding='utf-8')
    pages = {path.name for path in ROOT.glob('docs/*.md')} - {'README.md'}
    assert not [page for page in pages if f']({page}' not in text]


# Every script, config, flag and file in the README of the original.
THEIRS: Tuple[str, ...] = tuple("""
docs/INSTALL.md datasets/README.md docs/MODEL_ZOO.md
tools/train_net.py tools/visualize_json_results.py
visualize_zeroshot_inference.sh visualize_transfer_learning.sh
test_zeroshot_inference.sh test_transfer_learning.sh
train_transfer_learning.sh
configs/LVISv1-InstanceSegmentation/CLIP_fast_rcnn_R_50_C4_custom_img.yaml
configs/LVISv1-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.yaml
configs/COCO-InstanceSegmentation/CLIP_fast_rcnn_R_50_C4_ovd_zsinf.yaml
configs/COCO-InstanceSegmentation/CLIP_fast_rcnn_R_50_C4_ovd.yaml
configs/COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x_ovd_FSD.yaml
--eval-only --num-gpus --config-file
--input --output --dataset --conf-threshold --show-unique-boxes --max-boxes
--small-region-px
MODEL.WEIGHTS MODEL.CLIP.TEXT_EMB_PATH MODEL.CLIP.OPENSET_TEST_TEXT_EMB_PATH
MODEL.CLIP.OFFLINE_RPN_CONFIG MODEL.CLIP.BB_RPN_WEIGHTS
MODEL.CLIP.TEXT_EMB_DIM MODEL.CLIP.CROP_REGION_TYPE
MODEL.CLIP.MULTIPLY_RPN_SCORE MODEL.RESNETS.DEPTH
MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION MODEL.ROI_HEADS.SOFT_NMS_ENABLED
regionclip_pretrained-cc_rn50.pth regionclip_pretrained-cc_rn50x4.pth
regionclip_finetuned-coco_rn50.pth regionclip_finetuned-lvis_rn50x4.pth
rpn_coco_48.pth rpn_lvis_866_lsj.pth
coco_65_cls_emb.pth coco_48_base_cls_emb.pth lvis_1203_cls_emb_rn50x4.pth
./pretrained_ckpt/regionclip ./pretrained_ckpt/concept_emb/
./pretrained_ckpt/rpn ./datasets/lvis/lvis_v1_val.json
./datasets/custom_images/ lvis_v1_val_custom_img
./output/inference/lvis_instances_results.json ./output/regions/
""".split())


@pytest.mark.parametrize('theirs', THEIRS)
def test_everything_of_the_original_has_its_row(theirs):
    rows = [line.split(' | ')[0]
            for line in ORIGINAL.read_text(encoding='utf-8').splitlines()
            if line.startswith('|')]
    word = re.compile(rf'(?<![\w.-]){re.escape(theirs)}(?![\w-])')
    assert any(word.search(row) for row in rows)


@pytest.mark.parametrize('path', DOCUMENTS, ids=ids)
def test_numbers_of_others_are_called_published(path):
    for section in re.split(r'\n#+ ', path.read_text(encoding='utf-8')):
        if re.search(r'\b(31\.4|39\.3|29\.95|59\.6)\b', section):
            assert 'ublished' in section


def checkpoints_of(text: str) -> List[str]:
    return re.findall(r'\bcheckpoints/([\w.-]+\.pth)', text)


@functools.lru_cache(maxsize=None)
def listed_checkpoints() -> Tuple[str, ...]:
    """Names in the second column of the table of converted files."""
    section = ORIGINAL.read_text(encoding='utf-8').split('## Checkpoints')[1]
    table = section.split('| Released | Converted')[1].split('\n\n')[0]
    names = [name for row in table.splitlines()[1:]
             for name in re.findall(r'`([\w.-]+\.pth)`', row.split(' | ')[-1])]
    return tuple(name.replace('ARCH', arch) for name in names
                 for arch in ('rn50', 'rn50x4'))


@pytest.mark.parametrize(
    'path', [*DOCUMENTS, *sorted(ROOT.glob('configs/**/*.py'))], ids=ids)
def test_one_name_for_each_checkpoint(path):
    named = checkpoints_of(path.read_text(encoding='utf-8'))
    assert set(named) <= set(listed_checkpoints())


@pytest.mark.parametrize('text', ['checkpoints/regionclip_rn50_gt.pth', (
    "load_from = 'checkpoints/x.pth'")])
def test_a_name_that_is_not_listed_is_found(text):
    assert not set(checkpoints_of(text)) <= set(listed_checkpoints())


OFFLINE = 'regionclip_nano'  # what runs without downloads names these weights


def offline_blocks(name: str, language: str, mark: str) -> List[str]:
    found = [code for code in blocks(ROOT / name, language)
             if mark in code and 'tools/test.py' not in code
             and 'make_scenes.py\n' not in code]
    assert found, f'{name} has no {language} block with {mark}'
    return found


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder like the root of the clone, where nothing has been run."""
    for name in ('regionclip_mm', 'tools', 'projects', 'configs'):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    factory = logging.getLogRecordFactory()
    yield tmp_path
    logging.setLogRecordFactory(factory)


def test_blocks_that_need_no_download_run_as_they_are(clone, monkeypatch):
    def run(line):
        python, *argv = shlex.split(line)
        assert Path(python).name == 'python'
        monkeypatch.setattr(sys, 'argv', argv)
        monkeypatch.syspath_prepend(str(Path(argv[0]).parent))
        runpy.run_path(argv[0], run_name='__main__')

    run(re.search(r'`(\S*python\s+\S*make_scenes.py demo)`',
                  text_of(ROOT / 'README.md'))[1])
    pages = ['README.md', 'docs/get_started.md', 'docs/faq.md',
             'docs/region_features.md', *['docs/export.md'] * HAS_EXPORTER]
    for name in pages:
        for code in offline_blocks(name, 'bash', OFFLINE):
            for line in code.replace('\\\n', ' ').splitlines():
                run(line)
    for code in (*offline_blocks('README.md', 'python', OFFLINE),
                 *offline_blocks('docs/faq.md', 'python', 'predictions.json'),
                 *(offline_blocks('docs/export.md', 'python', 'npz')
                   if HAS_EXPORTER else ()),
                 *offline_blocks('docs/region_features.md', 'python',
                                 OFFLINE)):
        exec(code, {})
    for made in ('outputs/vis/00000.png', 'outputs/one/vis/00000.png',
                 'outputs/two/vis/00001.png', 'outputs/results.json',
                 'data/vocabularies/nano.pth', 'outputs/found.png',
                 *['outputs/nano.onnx', 'outputs/words.npz'] * HAS_EXPORTER):
        assert (clone / made).is_file(), made
