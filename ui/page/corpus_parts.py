"""The buttons and fields of the Corpus tab."""

import gradio as gr

BUTTONS = ("apply", "remove", "keep", "discard", "retry")


def adding(*, visible: bool) -> tuple[gr.Textbox, gr.Button]:
    """Return the field and the button that add a folder of this machine."""
    place = gr.Textbox(
        label="Or a folder of this machine",
        placeholder="~/Documents/reports",
        elem_id="folder-path",
        max_lines=1,
        visible=visible,
    )
    return place, gr.Button("Add the folder", elem_id="add-folder", visible=visible)


def deciding_buttons() -> dict[str, gr.Button]:
    """Return the buttons below a plan, initially hidden."""
    labels = ("Apply", "Apply and remove them", "Apply but keep them", "Discard changes", "Retry")
    return {
        name: gr.Button(
            label,
            variant="primary" if name in ("apply", "retry") else "secondary",
            elem_id=name,
            visible=False,
            min_width=100,
        )
        for name, label in zip(BUTTONS, labels, strict=True)
    }


def called() -> tuple[gr.Textbox, list[gr.Button]]:
    """Return the hidden field and buttons through which the page's script acts on a source or a folder."""
    name = gr.Textbox(elem_id="act-name", visible="hidden")
    acts = ("act-remove", "act-read", "act-drop", "act-watch", "act-refresh")
    return name, [gr.Button(elem_id=act, visible="hidden") for act in acts]
