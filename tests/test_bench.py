import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import reference

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


def test_train(tmp_path):
    lines = run(
        "train.py",
        *("--quick", "--threads", 1, "--rows", "birch2|uniform", "--peers", "x1|start|faiss|fast"),
        *("--plot", tmp_path / "train.png"),
    )
    result = json.loads(lines[-1])
    assert result["bench"] == "train"
    assert [row["name"] for row in result["rows"]] == ["birch2-like K=100", "uniform D=16 K=4096"]
    sets, uniform = result["rows"]
    assert {"k-means++ x1", "k-means++ x10"} <= sets["results"].keys()
    assert "k-means++ start" in uniform["results"].keys() - sets["results"].keys()
    for row in result["rows"]:
        assert row["n"] == 1000 and row["k"] == 16
        # Nobody disappears: who does not train is said to be left out.
        assert "faiss super" in row["left_out"]
        assert {"faiss", "fast"} <= row["results"].keys() | row["left_out"].keys()
        assert any(line.startswith("left out:") and "faiss super (" in line for line in lines)
        for outcome in row["results"].values():
            assert outcome["seconds"] > 0 and outcome["distortion"] > 0
    assert any("fast: seconds / that of k-means++ x1" in line for line in lines)
    assert (tmp_path / "train.png").read_bytes().startswith(b"\x89PNG")


def test_train_says_who_was_stopped(tmp_path):
    lines = run(
        "train.py",
        *("--rows", "2-D mixture", "--peers", "x1", "--budget", "0.05", "--repeats", 1),
    )
    (row,) = json.loads(lines[-1])["rows"]
    assert row["results"] == {}
    assert row["left_out"] == {"k-means++ x1": "> 0.05 s", "k-means++ x10": "one takes > 0.05 s"}


def test_distributed():
    pytest.importorskip("distributed")
    quick = ("--quick", "--rows", "birch2", "--chunks", 1, 4, "--others", "mini", "--model")
    result = json.loads(run("distributed.py", *quick)[-1])
    (row,) = result["rows"]
    least = row["local"]["distortion"]
    assert row["chunks"].keys() == {"1", "4"}
    for figures in row["chunks"].values():
        assert figures["distortion"] < 1.05 * least
        assert figures["pass_bytes"] <= 2 * result["workers"] * row["k"] * row["d"] * 8
    assert row["others"]["mini-batch"]["distortion"] > 0
    assert result["model"]["large"]["pass_bytes"] > 0


def test_partial():
    result = json.loads(run("partial.py", "--quick", "--threads", 1, "--rows", "birch2")[-1])
    assert result["bench"] == "partial"
    shuffled, sorted_ = result["rows"]
    assert shuffled["shuffled"] and not sorted_["shuffled"]
    for row in (shuffled, sorted_):
        assert row["k"] == 16 and min(row["seconds"].values()) > 0
    assert shuffled["error_ratio"] < 1.05


def test_stream():
    result = json.loads(run("stream.py", "--quick", "--threads", 1, "--rows", "birch2")[-1])
    assert result["bench"] == "stream"
    as_they_are, sorted_ = result["rows"]
    assert as_they_are["order"] != sorted_["order"]
    for row in (as_they_are, sorted_):
        assert row["k"] == 16 and row["error_ratios"].keys() == {"16", "64"}
        assert max(row["error_ratios"].values()) < 1.01
    stream, array = result["files"]
    # Of what fits in a block, the same codebook comes.
    assert stream["distortion"] == array["distortion"]
    assert stream["extra_bytes"] > 0


def test_distortion_is_that_of_the_definition(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import train

    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, size=(3000, 5)).astype(np.uint8)
    centers = rng.uniform(0, 255, size=(7, 5)).astype(np.float32)
    _, distances = reference.nearest(X, centers)
    assert train.distortion(X, centers) == pytest.approx(distances.sum() / X.size, rel=1e-12)


def test_figures_are_met_missed_or_not_measured(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import _figures

    def row(name, fast, once):
        results = {"fast": {"seconds": fast, "distortion": 1.0}}
        if once is not None:
            results["k-means++ x1"] = {"seconds": once, "distortion": 1.0}
        return {"name": name, "tags": ["set"], "results": results}

    def state(*rows):
        return next(
            (verdict["state"], verdict["missed"])
            for verdict in _figures.verdicts(rows)
            if verdict["figure"].startswith("fast: seconds / that of k-means++ x1")
        )

    assert state(row("a", 1.0, 2.0)) == ("met", [])
    assert state(row("a", 1.0, 2.0), row("b", 3.0, 2.0)) == ("missed", ["b"])
    assert state(row("a", 1.0, 2.0), row("b", 1.0, None)) == ("met where measured", [])
    assert state(row("b", 1.0, None)) == ("not measured", [])


def test_scale(tmp_path):
    lines = run("scale.py", "--quick", "--trainers", "group", "--plot", tmp_path / "scale.png")
    result = json.loads(lines[-1])
    assert result["bench"] == "scale"
    assert [point["sweep"] for point in result["points"]] == ["N", "N", "K", "K", "D", "D"]
    for point in result["points"]:
        assert point["seconds"] > 0 and point["extra_bytes"] >= 0
    assert [law["sweep"] for law in result["exponents"]] == ["N", "K", "D"]
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")


def test_scale_stops_at_the_budget_and_finds_the_exponent(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import scale

    points = [{"sweep": "N", "n": n, "seconds": 1e-6 * n**1.5} for n in (10**4, 10**5, 10**6)]
    assert scale.exponent(points, "seconds") == pytest.approx(1.5)
    stopped = {"sweep": "N", "n": 10**7, "left_out": "> 60 s"}
    assert scale.exponent([*points, stopped], "seconds") == pytest.approx(1.5)
    lines = run("scale.py", "--sweeps", "D", "--trainers", "classic", "--budget", "0.01")
    result = json.loads(lines[-1])
    assert {point["left_out"] for point in result["points"]} == {"> 0.01 s"}


def test_memory_is_what_a_training_takes_above_its_input(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCH))
    import _workers

    np.save(tmp_path / "X.npy", np.random.default_rng(0).random((400_000, 2), dtype=np.float32))
    worker = _workers.Worker("k-means++ start", tmp_path / "X.npy", 2, 1)
    try:
        worker.wait_until_ready()
        outcome = worker.fit(0, 60)
    finally:
        worker.close()
    # Its distances, in float32, some times over.
    assert 4 * 400_000 < outcome.peak_bytes < 40 * 400_000


def test_entropy(data_dir):
    pytest.importorskip("constriction")
    pytest.importorskip("zstandard")
    lines = run("entropy.py", "--quick", "--pictures", "bridge", "--budget", 0.01)
    result = json.loads(lines[-1])
    assert result["bench"] == "entropy"
    (row,) = result["rows"]
    n_bytes = row["bytes"]
    assert n_bytes["centnn"] < min(n_bytes["no contexts"], n_bytes["zstandard"])
    # The same arithmetic with the same contexts.
    assert n_bytes["centnn"] < 1.01 * n_bytes["constriction"] + 8 * 4
    assert row["ns"].keys() == n_bytes.keys() and min(row["ns"].values()) > 0
    assert any(line.startswith("bridge") for line in lines)


def test_the_difference_in_rate_at_equal_psnr(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import codec

    reference = [(0.1, 30.0), (0.2, 33.0), (0.4, 36.0)]
    tenth_less = [(0.9 * rate, quality) for rate, quality in reference]
    assert codec.rate_difference(reference, tenth_less) == pytest.approx(-10)
    assert codec.rate_difference(reference, [(1.0, 40.0), (2.0, 41.0)]) is None
    # 3 dB more at each rate is half the rate at each PSNR.
    better = [(rate, quality + 3) for rate, quality in reference]
    assert codec.rate_difference(reference, better) == pytest.approx(-50)


def test_a_line_of_means(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import codec

    lines = [["a", "-10.0", "31.50", "1.00/2.00 ms", ""], ["b", "-20.0", "", "", ""]]
    assert codec.means(lines) == [["mean", "-15.0", "", "", ""]]
    assert codec.means(lines[:1]) == []


def test_photo(data_dir, tmp_path):
    lines = run("photo.py", "--quick", "--plot", tmp_path / "photo.png", "--gallery", tmp_path)
    result = json.loads(lines[-1])
    (figures,) = result["grey"].values()
    assert figures["photo"]["psnr"] < -30 and figures["JPEG"]["psnr"] == 0
    assert min(result["speed"]["grey"][0][name] for name in ("encode", "decode WebP")) > 0
    assert (tmp_path / "photo-grey.png").read_bytes().startswith(b"\x89PNG")


def test_training_photo_mode_is_reproducible(data_dir, tmp_path):
    found = []
    for name in ("one.bin", "two.bin"):
        arguments = ["--crops", 2, "--qualities", 1, "--passes", 3, "-o", tmp_path / name]
        assert "bits a pixel" in run("train_photo.py", *arguments)[0]
        found.append((tmp_path / name).read_bytes())
    assert found[0] == found[1]


def test_training_refuses_test_pictures(data_dir):
    images = data_dir / "images"
    command = [sys.executable, str(BENCH / "train_photo.py"), str(images)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "is the test picture" in done.stderr


def test_product():
    pytest.importorskip("threadpoolctl")
    lines = run("product.py", "--quick")
    result = json.loads(lines[-1])
    assert result["bench"] == "product"
    assert set(result["modes"]) == {"on the base", "apart"}
    threads = {str(n_threads) for n_threads in result["threads"]}
    for mode in result["modes"].values():
        assert mode["seconds"].keys() == mode["results"].keys() >= {"centnn"}
        assert mode["results"]["centnn"]["recall_difference"] == 0
        for who, figures in mode["results"].items():
            assert mode["seconds"][who].keys() == threads
            assert figures["distortion"] > 0
            assert 0 < figures["recall"] < 1 and 0 < figures["recall_se"] < 0.1
    assert [row["name"].split()[0] for row in result["search"]] == ["encode", "tables"] + 5 * [
        "search"
    ]
    for row in result["search"]:
        assert min(row["ms"]["centnn"].values()) > 0


def test_no_query_of_product_is_in_the_base(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    product = pytest.importorskip("product")
    X = np.arange(103.0).reshape(-1, 1)
    for mode in product.MODES:
        seen = []
        for fold in range(product.FOLDS):
            train, base, queries = product.split(X, fold, mode)
            assert not np.isin(queries, base).any() and not np.isin(queries, train).any()
            assert np.isin(train, base).all() == (mode == "on the base")
            seen.append(queries)
        assert np.array_equal(np.sort(np.concatenate(seen), axis=0), X)
