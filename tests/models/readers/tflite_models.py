"""Small models of LiteRT, written by hand: a mean over places, then a linear layer."""

import flatbuffers
import numpy as np
import tflite


def model(kernel, bias, shape, quantized=None):
    """The bytes of a .tflite file.

    Args:
        kernel: (K, C).
        bias: (K,).
        shape: (N, H, W, C) of the input; N may be -1.
        quantized: scale and zero point of a uint8 input that is turned into floats first.
    """
    build = flatbuffers.Builder(0)
    axes = np.array([1, 2], dtype=np.int32)
    buffers = [b"", axes.tobytes(), kernel.astype("<f4").tobytes(), bias.astype("<f4").tobytes()]
    fixed = [max(1, shape[0]), *shape[1:]]
    outputs = len(bias)
    tensors = [
        ("image", fixed, tflite.TensorType.FLOAT32, 0, None),
        ("axes", [2], tflite.TensorType.INT32, 1, None),
        ("kernel", list(kernel.shape), tflite.TensorType.FLOAT32, 2, None),
        ("bias", [outputs], tflite.TensorType.FLOAT32, 3, None),
        ("means", [fixed[0], shape[3]], tflite.TensorType.FLOAT32, 0, None),
        ("logits", [fixed[0], outputs], tflite.TensorType.FLOAT32, 0, None),
    ]
    operators = [(0, [0, 1], [4], "reducer"), (1, [4, 2, 3], [5], "linear")]
    codes = [tflite.BuiltinOperator.MEAN, tflite.BuiltinOperator.FULLY_CONNECTED]
    source = 0
    if quantized:
        tensors.append(("pixels", fixed, tflite.TensorType.UINT8, 0, quantized))
        operators.insert(0, (2, [6], [0], None))
        codes.append(tflite.BuiltinOperator.DEQUANTIZE)
        source = 6
    moving = {"image", "means", "logits", "pixels"} if shape[0] == -1 else set()
    signatures = [[-1, *one[1][1:]] if one[0] in moving else one[1] for one in tensors]
    tensors = [(*one, signature) for one, signature in zip(tensors, signatures, strict=True)]
    graph = _graph(build, tensors, operators, source)
    build.Finish(_whole(build, buffers, codes, graph), b"TFL3")
    return bytes(build.Output())


def _vector(build, items, start):
    start(build, len(items))
    for item in reversed(items):
        build.PrependUOffsetTRelative(item)
    return build.EndVector()


def _whole(build, buffers, codes, graph):
    stored = []
    for content in buffers:
        data = build.CreateByteVector(content) if content else None
        tflite.BufferStart(build)
        if data is not None:
            tflite.BufferAddData(build, data)
        stored.append(tflite.BufferEnd(build))
    known = []
    for code in codes:
        tflite.OperatorCodeStart(build)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(build, code)
        tflite.OperatorCodeAddBuiltinCode(build, code)
        tflite.OperatorCodeAddVersion(build, 1)
        known.append(tflite.OperatorCodeEnd(build))
    buffers_at = _vector(build, stored, tflite.ModelStartBuffersVector)
    codes_at = _vector(build, known, tflite.ModelStartOperatorCodesVector)
    graphs_at = _vector(build, [graph], tflite.ModelStartSubgraphsVector)
    tflite.ModelStart(build)
    tflite.ModelAddVersion(build, 3)
    tflite.ModelAddOperatorCodes(build, codes_at)
    tflite.ModelAddSubgraphs(build, graphs_at)
    tflite.ModelAddBuffers(build, buffers_at)
    return tflite.ModelEnd(build)


def _graph(build, tensors, operators, source):
    made = [_tensor(build, one) for one in tensors]
    steps = [_operator(build, *one) for one in operators]
    tensors_at = _vector(build, made, tflite.SubGraphStartTensorsVector)
    steps_at = _vector(build, steps, tflite.SubGraphStartOperatorsVector)
    inputs = build.CreateNumpyVector(np.array([source], dtype=np.int32))
    outputs = build.CreateNumpyVector(np.array([5], dtype=np.int32))
    tflite.SubGraphStart(build)
    tflite.SubGraphAddTensors(build, tensors_at)
    tflite.SubGraphAddInputs(build, inputs)
    tflite.SubGraphAddOutputs(build, outputs)
    tflite.SubGraphAddOperators(build, steps_at)
    return tflite.SubGraphEnd(build)


def _tensor(build, described):
    name, shape, kind, buffer, quantized, signature = described
    name_at = build.CreateString(name)
    shape_at = build.CreateNumpyVector(np.array(shape, dtype=np.int32))
    signature_at = build.CreateNumpyVector(np.array(signature, dtype=np.int32))
    how = None
    if quantized:
        scale = build.CreateNumpyVector(np.array([quantized[0]], dtype=np.float32))
        zero = build.CreateNumpyVector(np.array([quantized[1]], dtype=np.int64))
        tflite.QuantizationParametersStart(build)
        tflite.QuantizationParametersAddScale(build, scale)
        tflite.QuantizationParametersAddZeroPoint(build, zero)
        how = tflite.QuantizationParametersEnd(build)
    tflite.TensorStart(build)
    tflite.TensorAddShape(build, shape_at)
    tflite.TensorAddType(build, kind)
    tflite.TensorAddBuffer(build, buffer)
    tflite.TensorAddName(build, name_at)
    tflite.TensorAddShapeSignature(build, signature_at)
    if how is not None:
        tflite.TensorAddQuantization(build, how)
    return tflite.TensorEnd(build)


def _operator(build, code, inputs, outputs, options):
    inputs_at = build.CreateNumpyVector(np.array(inputs, dtype=np.int32))
    outputs_at = build.CreateNumpyVector(np.array(outputs, dtype=np.int32))
    options_at, kind = None, None
    if options == "reducer":
        tflite.ReducerOptionsStart(build)
        options_at, kind = tflite.ReducerOptionsEnd(build), tflite.BuiltinOptions.ReducerOptions
    if options == "linear":
        tflite.FullyConnectedOptionsStart(build)
        options_at = tflite.FullyConnectedOptionsEnd(build)
        kind = tflite.BuiltinOptions.FullyConnectedOptions
    tflite.OperatorStart(build)
    tflite.OperatorAddOpcodeIndex(build, code)
    tflite.OperatorAddInputs(build, inputs_at)
    tflite.OperatorAddOutputs(build, outputs_at)
    if options_at is not None:
        tflite.OperatorAddBuiltinOptionsType(build, kind)
        tflite.OperatorAddBuiltinOptions(build, options_at)
    return tflite.OperatorEnd(build)
