import { describeRandomFunctions } from './random-functions.ts'

describeRandomFunctions(0, 25)
