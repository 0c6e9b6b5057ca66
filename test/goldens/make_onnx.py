"""A diffusers UNet as ONNX, by torch's own exporter: python make_onnx.py --name class-labels-28 --out DIR

Made with torch 2.15.0, diffusers 0.42.1 and onnx 1.23.2, from the weights in unet/NAME. Images are NCHW, any number of
rows; inputs sample, timestep (int64, one per row) and class_labels (int64); output out_sample.
"""

import argparse
import pathlib

import onnx
import torch
from diffusers import UNet2DModel

here = pathlib.Path(__file__).parent
parser = argparse.ArgumentParser()
parser.add_argument("--name", required=True)
parser.add_argument("--out", required=True, type=pathlib.Path)
options = parser.parse_args()

unet = UNet2DModel.from_pretrained(here / "unet" / options.name).eval()
config = unet.config
classes = config.num_class_embeds


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, class_labels=None):
        return self.unet(sample, timestep, class_labels, return_dict=False)[0]


rows = 2
arguments = [
    torch.randn(rows, config.in_channels, config.sample_size, config.sample_size),
    torch.tensor([3, 500]),
] + ([torch.tensor([1, 2])] if classes else [])
names = ["sample", "timestep", "class_labels"][: len(arguments)]
options.out.mkdir(parents=True, exist_ok=True)
path = options.out / "model.onnx"
torch.onnx.export(
    Network(),
    tuple(arguments),
    path,
    input_names=names,
    output_names=["out_sample"],
    dynamo=True,
    external_data=False,
    dynamic_shapes=tuple({0: torch.export.Dim("rows")} for _ in names),
    opset_version=18,
)

# what the exporter says of where each node came from is four fifths of the file
model = onnx.load(path)
for graph in [model.graph, *model.functions]:
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
        node.name = ""
    for value in graph.value_info:
        del value.metadata_props[:]
del model.graph.value_info[:]
del model.metadata_props[:]
for tensor in model.graph.initializer:
    del tensor.metadata_props[:]
ends = {port.name for port in [*model.graph.input, *model.graph.output, *model.graph.initializer]}
short = {}
for node in model.graph.node:
    for names_of in (node.input, node.output):
        for i, name in enumerate(names_of):
            if name and name not in ends:
                names_of[i] = short.setdefault(name, f"v{len(short)}")
onnx.checker.check_model(model)
onnx.save(model, path)
