/** `dataferry/sdk`: the contract and the errors, all that a plugin needs of the kernel. */
export * from '../errors.ts'
export * from './contract.ts'
