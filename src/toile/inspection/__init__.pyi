from .layers import channel_of as channel_of
from .layers import layer_names as layer_names
from .layers import layer_of as layer_of
from .watching import evaluating as evaluating
from .watching import single_view as single_view
from .watching import watch as watch
