"""The notebooks run, from a folder with a demo in it, and need nothing but queries."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
STORY = ("--minutes", "12", "--rate", "8", "--incidents", "region_outage")


def code(notebook: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of twelve minutes, in which a region is lost for a while."""
    folder = tmp_path_factory.mktemp("notebooks") / "demo"
    command = [Path(sys.executable).parent / "regionscope", "demo", "--dir", folder, *STORY]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.timeout(900)  # the demo's time is its first test's
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(demo: Path, notebook: Path) -> None:
    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        cell.update({"outputs": []} if cell.cell_type == "code" else {})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own libraries
        NotebookClient(content, timeout=240, resources={"metadata": {"path": str(demo)}}).execute()

    assert all(cell.outputs for cell in content.cells if cell.cell_type == "code")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_what_it_printed(notebook: Path) -> None:
    outputs = [output for cell in code(notebook) for output in cell.outputs]

    assert all(cell.outputs for cell in code(notebook))
    assert "error" not in {output.output_type for output in outputs}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_nothing_but_queries(notebook: Path) -> None:
    tree = ast.parse("\n".join(cell.source for cell in code(notebook)))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]

    assert [ast.unparse(node) for node in imports] == ["import queries"]
