"""The layout that CONTRIBUTING.md describes, held by reading the source."""
import ast
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Iterator, List, NamedTuple, Tuple, Union

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'regionclip_mm'
SOURCES = [path for folder in ('regionclip_mm', 'tools', 'projects')
           for path in sorted((ROOT / folder).rglob('*.py'))]
MODULES = sorted(PACKAGE.rglob('*.py'))
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]

# Part -> the parts it may import. One way: nothing leads back.
LOW = {'io', 'text', 'models.layers', 'models.utils'}
MIDDLE = LOW | {'models.backbones'}
HEADS = {'models.roi_heads', 'models.dense_heads', 'models.losses',
         'models.proposals'}
ALLOWED = {
    'io': set(),
    'text': {'io'},
    'models.utils': {'io', 'text'},
    'models.layers': {'io', 'text', 'models.utils'},
    'models.backbones': LOW,
    'models.roi_heads': MIDDLE,
    'models.dense_heads': MIDDLE,
    'models.losses': MIDDLE,
    'models.proposals': MIDDLE,
    'models.detectors': MIDDLE | HEADS,
    'models.pretrainers': MIDDLE | HEADS | {'models.detectors'},
    'checkpoint': {'io', 'text', 'models.layers'},
    'datasets': {'io', 'text'},
    'evaluation': {'io', 'datasets'},
    'engine': {'io', 'text', 'checkpoint'},
    'apis': {'version', 'io', 'text', 'models', 'datasets', 'evaluation',
             'checkpoint'},
}


class Import(NamedTuple):
    """One imported module, from where it is imported."""
    path: Path
    target: Tuple[str, ...]
    late: bool  # inside a function

    @property
    def part(self) -> str:
        """The part of the package that imports."""
        return part_of(self.path.relative_to(ROOT).with_suffix('').parts)


def part_of(module: Tuple[str, ...]) -> str:
    """('regionclip_mm', 'models', 'layers', 'x') -> 'models.layers'."""
    inside = [name for name in module[1:] if name != '__init__']
    depth = 2 if inside[:1] == ['models'] else 1
    return '.'.join(inside[:depth])


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding='utf-8'))
    package = path.relative_to(ROOT).parts[:-1]
    late = {id(node) for function in ast.walk(tree)
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
            for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, tuple(alias.name.split('.')),
                             id(node) in late)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) + 1 - node.level] * bool(node.level)
            base += tuple((node.module or '').split('.')) * bool(node.module)
            for alias in node.names:
                yield Import(path, (*base, alias.name), id(node) in late)


IMPORTS = [item for path in MODULES for item in imports_of(path)]


def functions_of(path: Path) -> List[Function]:
    tree = ast.parse(path.read_text(encoding='utf-8'))
    return [node for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def length(function: Function) -> int:
    return function.end_lineno - function.lineno + 1


def place(path: Path, node: ast.AST) -> str:
    return f'{path.relative_to(ROOT)}:{node.lineno} {node.name}'


def test_imports_lead_one_way():
    wrong = []
    for item in IMPORTS:
        if item.target[0] != 'regionclip_mm' or item.part in ('', 'models'):
            continue
        target = part_of(item.target)
        allowed = ALLOWED[item.part] | {item.part}
        if item.part == 'apis':
            target = target.split('.')[0]
        if target not in allowed:
            wrong.append(f'{item.path.relative_to(ROOT)} imports {target}')
    assert not wrong


def test_every_part_of_the_package_has_its_place():
    parts = {part_of(path.relative_to(ROOT).with_suffix('').parts)
             for path in MODULES if path.parent != PACKAGE}
    assert parts - {'models'} <= set(ALLOWED)


def test_nobody_imports_what_is_on_top():
    top = {'tools', 'configs', 'projects', 'tests', 'docs'}
    wrong = [f'{item.path.relative_to(ROOT)} imports {item.target}'
             for item in IMPORTS
             if item.target[0] in top
             or item.part != 'apis' and 'apis' in item.target[:2]]
    assert not wrong


@pytest.mark.parametrize('package, file', [
    ('transformers', 'clip_text_encoder.py'), ('spacy', 'concept_parser.py'),
    ('webdataset', 'webdataset_shards.py'),
    ('gradio', 'page.py'),
    ('onnxruntime', 'onnx_file.py'), ('faiss', 'feature_index.py'),
    ('pyarrow', 'feature_parquet.py'), ('h5py', 'feature_hdf5.py')])
def test_what_not_everybody_needs_is_imported_late_in_one_file(package, file):
    found = [item for item in IMPORTS if item.target[0] == package]
    assert {item.path.name for item in found} == {file}
    assert all(item.late for item in found)


def test_importing_the_package_is_light():
    heavy = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmdet',
             'mmpretrain', 'transformers', 'spacy', 'webdataset', 'numpy')
    code = ('import sys, regionclip_mm; '
            f'print([m for m in {heavy!r} if m in sys.modules])')
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT,
                          capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'


def test_files_are_short():
    lines = {path: len(path.read_text(encoding='utf-8').splitlines())
             for path in SOURCES}
    assert not [f'{path.relative_to(ROOT)}: {n} lines'
                for path, n in lines.items() if n > 300]
    assert median(n for n in lines.values() if n) <= 120


def test_functions_are_short():
    found = {place(path, f): length(f)
             for path in SOURCES for f in functions_of(path)}
    assert not {name: n for name, n in found.items() if n > 60}
    assert median(found.values()) <= 18


def public_nodes(path: Path) -> Iterator[ast.AST]:
    """Public classes and functions, and public methods of public classes."""
    bodies = [ast.parse(path.read_text(encoding='utf-8')).body]
    while bodies:
        for node in bodies.pop():
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not (
                    node.name.startswith('_')):
                yield node
                if isinstance(node, ast.ClassDef):
                    bodies.append(node.body)


@pytest.mark.parametrize(
    'path', MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_public_names_are_documented_and_typed(path):
    source = ast.parse(path.read_text(encoding='utf-8'))
    assert ast.get_docstring(source), 'a file begins with a sentence'
    for node in public_nodes(path):
        assert ast.get_docstring(node), place(path, node)
        if isinstance(node, ast.FunctionDef):
            assert not untyped(node), place(path, node)
        for init in getattr(node, 'body', []):
            if getattr(init, 'name', '') == '__init__':
                assert not untyped(init), place(path, init)


def untyped(function: ast.FunctionDef) -> List[str]:
    """Parameters without a type; *args and **kwargs may pass things on."""
    args = function.args
    named = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    found = [a.arg for a in named
             if a.annotation is None and a.arg not in ('self', 'cls')]
    return found if function.returns else [*found, 'return']


def test_test_files_have_different_names():
    """pytest imports them by their base names."""
    names = [p.name for p in (ROOT / 'tests').rglob('test_*.py')]
    assert len(set(names)) == len(names)
