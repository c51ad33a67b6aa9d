import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench"


def run(script, *arguments):
    command = [sys.executable, str(BENCH / script), *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout.splitlines()


def test_search(tmp_path):
    lines = run("search.py", "--quick", "--plot", tmp_path / "search.png")
    result = json.loads(lines[-1])
    assert result["bench"] == "search"
    assert {"sklearn", "scipy"} <= result["peers"].keys()
    assert {"centnn", "threads", "peak_gflops", "peak_isa"} <= result.keys()
    names = [row["name"] for row in result["rows"]]
    assert "uniform D=16 K=256" in names
    for row in result["rows"]:
        assert any(line.startswith(row["name"]) for line in lines)
        for figures in (row["ms"]["centnn"], row["gflops"], row["ratio"]["sklearn"]):
            assert figures.keys() == {str(n_threads) for n_threads in result["threads"]}
            assert min(figures.values()) > 0
        assert row["speedup"] > 0 and row["dequantize_ms"] > 0 and row["copy_ms"] > 0
        assert row["wrong"] == row["wrong_far"] == 0
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")


def test_search_of_chosen_rows(tmp_path):
    lines = run("search.py", "--quick", "--rows", "D=3 ", "--repeats", 1, "--json", tmp_path / "1")
    assert not lines[-1].startswith("{")
    result = json.loads((tmp_path / "1").read_text())
    assert [row["name"] for row in result["rows"]] == ["uniform D=3 K=256"]
