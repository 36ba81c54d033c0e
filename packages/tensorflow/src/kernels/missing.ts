/** Kernels of TensorFlow.js that its Node.js package lacks: they run on the cpu backend. */
export const MISSING = [
  'BitwiseAnd',
  'DenseBincount',
  'Draw',
  'MaxPoolWithArgmax',
  'RaggedGather',
  'RaggedRange',
  'RaggedTensorToTensor',
  'RotateWithOffset',
  'SearchSorted',
  'SparseFillEmptyRows',
  'SparseReshape',
  'SparseSegmentMean',
  'SparseSegmentSum',
  'StringNGrams',
  'StringSplit',
  'StringToHashBucketFast',
  'Transform',
] as const

/** Kernels of which TensorFlow, or its package's JavaScript, takes only part of what TensorFlow.js defines. */
export const PARTIAL = [
  // Padding by numbers.
  'AvgPool',
  'AvgPoolGrad',
  'AvgPool3D',
  'AvgPool3DGrad',
  'MaxPool',
  'MaxPoolGrad',
  'MaxPool3D',
  'MaxPool3DGrad',
  'Conv2DBackpropInput',
  // Channels first.
  'Conv2D',
  'Conv2DBackpropFilter',
  'FusedConv2D',
  // Dilations beside strides.
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2D',
  // Division by zero, which TensorFlow.js gives a value.
  'FloorDiv',
  'Mod',
  'RealDiv',
  // Indices of one dimension.
  'ScatterNd',
  // Six dimensions.
  'ArgMax',
  'ArgMin',
  // Types.
  'Diag',
  'LeakyRelu',
  'Step',
] as const
