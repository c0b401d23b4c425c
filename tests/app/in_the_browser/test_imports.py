"""Networks and runs from elsewhere, brought in the browser, and found again while they are read."""

import shutil

from tests.app.in_the_browser.visitor import AXE
from toile.runs import DataList, Run, bundle_run
from toile.workbench import export_run


def test_a_network_from_elsewhere_is_brought_refused_and_becomes_a_run(
    visit, workspace, few_garments, tmp_path
):
    DataList(workspace).add(few_garments, "garments")
    file = export_run(Run(workspace / "first"), "onnx", tmp_path / "réseau.onnx").file
    visitor = visit()
    page = visitor.page
    visitor.go("#/runs")
    page.get_by_role("button", name="Import", exact=True).click()
    form = page.get_by_role("region", name="Import", exact=True)
    form.get_by_label("Choose a file").set_input_files(file)
    assert form.get_by_role("button", name="Import it").is_disabled()
    form.get_by_label("Pictures with its classes").select_option("garments")
    assert form.get_by_label("The network of these weights").count() == 0
    # The server keeps the file, and the address what was chosen.
    page.reload()
    form.get_by_text("reseau.onnx").wait_for()
    form.get_by_role("button", name="Import it").click()
    # It learnt too little; the file is there still, and is read as its user says.
    form.get_by_role("alert").get_by_text("no way of reading").wait_for()
    form.get_by_label("How its pictures were scaled").select_option("unit")
    form.get_by_role("button", name="Import it again").click()
    form.get_by_text("chosen: 0 to 1", exact=True).wait_for()
    form.get_by_text("warning: It was imported from reseau.onnx").wait_for()
    if AXE.exists():
        assert [visitor.violations(theme) for theme in ("light", "dark")] == [[], []]
    form.get_by_role("link", name="Open the new run").click()
    page.get_by_role("heading", name="reseau").first.wait_for()


def test_a_runs_bundle_is_dropped_and_found_again_without_its_form_with_what_came_of_it(
    startup, visit, workspace, tmp_path
):
    bundle = bundle_run(Run(workspace / "first"), tmp_path / "first.zip").read_bytes()
    shutil.rmtree(workspace / "first")
    visitor = visit()
    page, gate = visitor.page, startup.hold()
    visitor.go("#/runs?import=1")
    page.get_by_text("Drop a file here").wait_for()
    visitor.drop("first.zip", bundle)
    form = page.get_by_role("region", name="Import", exact=True)
    form.get_by_text("reading first.zip").wait_for()
    page.reload()
    form.get_by_text("reading first.zip").wait_for()
    form.get_by_role("button", name="Close").click()
    imports = page.get_by_role("region", name="Imports")
    imports.get_by_text("reading first.zip").wait_for()
    # Opened once the process reads it.
    with gate.open("w"):
        pass
    imports.get_by_text("first is now one of the runs").wait_for()
    page.get_by_label("Star first").wait_for()
    another = visit().page.get_by_role("region", name="Imports")
    another.get_by_text("first is now one of the runs").wait_for()
    if AXE.exists():
        assert [visitor.violations(theme) for theme in ("light", "dark")] == [[], []]
    imports.get_by_role("button", name="Details").click()
    form.get_by_text("looks at its test part before it was bundled").wait_for()
    form.get_by_role("button", name="Close").click()
    imports.wait_for(state="detached")
    another.wait_for(state="detached")


def test_a_file_that_is_no_bundle_is_said_to_be_none_and_dropped_again(visit):
    visitor = visit()
    page = visitor.page
    visitor.go("#/runs?import=1")
    page.get_by_text("Drop a file here").wait_for()
    visitor.drop("photos.zip", b"PK")
    form = page.get_by_role("region", name="Import", exact=True)
    form.get_by_role("alert").get_by_text("photos.zip").wait_for()
    form.get_by_role("button", name="Import it again").wait_for()
    form.get_by_role("button", name="Close").click()
    form.wait_for(state="detached")
    page.get_by_role("region", name="Imports").wait_for(state="detached")
    # An address of a file that the server has no more says so.
    visitor.go("#/runs?import=0123456789abcdef")
    page.get_by_text("these files were deleted; upload them again").wait_for()
    page.get_by_text("Drop a file here").wait_for()
