"""Static pictures of the report, as SVG: they are there without scripts and in print."""

from .curves import cv_curve, frontier
from .histogram import histogram
from .outlines import outline
from .rail import rail
from .svg import mark
from .tree import draw_tree

__all__ = ["cv_curve", "draw_tree", "frontier", "histogram", "mark", "outline", "rail"]
