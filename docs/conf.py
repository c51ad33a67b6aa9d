"""How Sphinx builds the documentation: `.ci/docs` runs it."""

import doctest
import os
import sys
from pathlib import Path

import centnn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
# The site is built from public data, so that everyone gets the same pages.
os.environ.pop("CENTNN_DATA", None)

project = "centnn"
author = "the centnn developers"
project_copyright = author
version = release = centnn.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    # Of this folder's _ext:
    "benchmark_figures",
    "centnn_command",
    "complete_reference",
]
exclude_patterns = ["_build", "_generated", "benchmarks/*", "examples/*", "**/GALLERY_HEADER.rst"]

myst_enable_extensions = ["deflist"]
# Names stand in single backquotes in docstrings.
default_role = "code"
myst_heading_anchors = 3

# Types are in the descriptions, where shapes and units are, too.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
autosummary_generate = True
templates_path = ["_templates"]

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "image_srcset": ["2x"],
    "matplotlib_animations": (True, "jshtml"),
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "remove_config_comments": True,
    "capture_repr": (),
    "show_memory": False,
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
    "doc_module": ("centnn",),
    "backreferences_dir": None,
}

html_theme = "pydata_sphinx_theme"
html_title = "centnn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"benchmarks": [], "embedding": [], "index": []}
html_theme_options = {
    "show_prev_next": False,
    "show_version_warning_banner": False,
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}

# Methods that CentNN inherits from scikit-learn refer to pages of that.
nitpick_ignore = [
    ("std:ref", "metadata_routing"),
    ("std:ref", "df_output_transform"),
    ("std:ref", "sphx_glr_auto_examples_miscellaneous_plot_set_output.py"),
    ("std:term", "meta-estimator"),
]
# Sphinx would leave out what an error says.
doctest_default_flags = doctest.ELLIPSIS | doctest.DONT_ACCEPT_TRUE_FOR_1

nitpick_ignore_regex = [("py:.*", r"sklearn\..*")]
