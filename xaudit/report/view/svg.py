"""A small builder for drawings: typed elements, classes instead of styles, escaped text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from xaudit.report.view import numbers

Value = str | float | int


class Drawing:
    """One SVG with a title and a description; colors and strokes come from the page's CSS."""

    def __init__(self, width: float, height: float, title: str, css: str = "figure") -> None:
        """Start a drawing.

        Args:
            width: of the view box, in CSS pixels.
            height: of the view box.
            title: what a screen reader says.
            css: class of the element.
        """
        box = f"0 0 {numbers.size(width)} {numbers.size(height)}"
        attributes = {"viewBox": box, "role": "img", "class": css, "aria-label": title}
        self.root = ET.Element("svg", attributes)
        ET.SubElement(self.root, "title").text = title

    def add(self, tag: str, css: str, **attributes: Value) -> ET.Element:
        """One element; underscores in names become hyphens, numbers are shortened."""
        element = ET.SubElement(self.root, tag, {"class": css})
        for name, value in attributes.items():
            text = value if isinstance(value, str) else numbers.size(value)
            element.set(name.replace("_", "-"), text)
        return element

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        """A straight line."""
        self.add("line", css, x1=x1, y1=y1, x2=x2, y2=y2)

    def text(self, x: float, y: float, content: str, css: str = "label") -> None:
        """A line of text; its anchor comes from the class."""
        self.add("text", css, x=x, y=y).text = content

    def path(self, points: list[tuple[float, float]], css: str, closed: bool = False) -> None:
        """A line through points."""
        steps = " L".join(f"{numbers.size(x)},{numbers.size(y)}" for x, y in points)
        self.add("path", css, d=f"M{steps}{'Z' if closed else ''}")

    def __str__(self) -> str:
        """The markup."""
        return ET.tostring(self.root, encoding="unicode")
