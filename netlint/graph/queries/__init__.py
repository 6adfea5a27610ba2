"""Questions that rules ask of a graph: depth, neighbours in weight layers, heads, gates, residual paths, attention.

Every answer about one operator is remembered by the graph's index until the graph changes.
"""

from netlint.graph.queries.attention import attention_products as attention_products
from netlint.graph.queries.attention import in_attention as in_attention
from netlint.graph.queries.attention import is_sequence_model as is_sequence_model
from netlint.graph.queries.feature_maps import KEEPS_MAP as KEEPS_MAP
from netlint.graph.queries.feature_maps import batch_norms_after as batch_norms_after
from netlint.graph.queries.feature_maps import feature_map_of as feature_map_of
from netlint.graph.queries.feature_maps import has_positions as has_positions
from netlint.graph.queries.feature_maps import reads_neighbours as reads_neighbours
from netlint.graph.queries.feature_maps import uses_batch_statistics as uses_batch_statistics
from netlint.graph.queries.memory import ATTENTION as ATTENTION
from netlint.graph.queries.memory import KEEPS_MEANING as KEEPS_MEANING
from netlint.graph.queries.memory import MOVES as MOVES
from netlint.graph.queries.memory import RECURRENT as RECURRENT
from netlint.graph.queries.reachability import between as between
from netlint.graph.queries.reachability import comes_from as comes_from
from netlint.graph.queries.reachability import data_inputs as data_inputs
from netlint.graph.queries.reachability import depends_on_data as depends_on_data
from netlint.graph.queries.reachability import is_upstream as is_upstream
from netlint.graph.queries.reachability import norm_between as norm_between
from netlint.graph.queries.reachability import reaches as reaches
from netlint.graph.queries.reachability import reaches_output as reaches_output
from netlint.graph.queries.reachability import same_data as same_data
from netlint.graph.queries.roles import SCALES as SCALES
from netlint.graph.queries.roles import is_gate as is_gate
from netlint.graph.queries.roles import is_head as is_head
from netlint.graph.queries.roles import residual_around as residual_around
from netlint.graph.queries.roles import residual_joins as residual_joins
from netlint.graph.queries.roles import stands_on_a_branch as stands_on_a_branch
from netlint.graph.queries.roles import user_class as user_class
from netlint.graph.queries.training import decouples_decay as decouples_decay
from netlint.graph.queries.training import parameters_behind as parameters_behind
from netlint.graph.queries.training import trained_losses as trained_losses
from netlint.graph.queries.training import trained_totals as trained_totals
from netlint.graph.queries.units import PASSES as PASSES
from netlint.graph.queries.units import class_count as class_count
from netlint.graph.queries.units import feature_size as feature_size
from netlint.graph.queries.units import fed_by as fed_by
from netlint.graph.queries.units import feeds as feeds
from netlint.graph.queries.units import network_of as network_of
from netlint.graph.queries.units import same_place as same_place
from netlint.graph.queries.weights import depth_of as depth_of
from netlint.graph.queries.weights import is_weighted as is_weighted
from netlint.graph.queries.weights import origins as origins
from netlint.graph.queries.weights import stretch_after as stretch_after
from netlint.graph.queries.weights import stretch_before as stretch_before
from netlint.graph.queries.weights import unseen_after as unseen_after
from netlint.graph.queries.weights import unseen_before as unseen_before
from netlint.graph.queries.weights import weight_depth as weight_depth
from netlint.graph.queries.weights import weighted_after as weighted_after
from netlint.graph.queries.weights import weighted_before as weighted_before
