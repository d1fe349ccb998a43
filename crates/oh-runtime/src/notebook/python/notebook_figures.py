"""What matplotlib draws with in the small notebook: `show` puts figures where they stand."""

import __main__
from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

FigureCanvas = FigureCanvasAgg
FigureManager = FigureManagerBase


def take_figures():
    """Returns the figures that are open and not empty, and closes all."""
    figures = [manager.canvas.figure for manager in Gcf.get_all_fig_managers()]
    Gcf.destroy_all()
    return [figure for figure in figures if figure.axes or figure.texts or figure.images]


def show(*_, **__):
    for figure in take_figures():
        __main__.display(figure)
