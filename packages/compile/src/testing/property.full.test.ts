import { describeRandomFunctions } from './random-functions.ts'

describeRandomFunctions(1000, 2000)
