/** Who may do what with which path (control-plane 9.7): the component of a role's rules is the path. */
import { type Caller, Forbidden, type PolicyFor, type Verb, verbBits } from 'dataferry/sdk'
import { fileText, type Path } from './paths.ts'

/**
 * The kernel judged the path of the request. Every other path that a request reads or changes (names in its body, what lies in a
 * folder that is copied, packed or removed) is judged here.
 */
export class Rights {
  readonly #policyFor: PolicyFor
  readonly #service: string

  constructor(policyFor: PolicyFor, service: string) {
    this.#policyFor = policyFor
    this.#service = service
  }

  may(caller: Caller, path: Path, verb: Verb): boolean {
    return (this.mask(caller, path) & verbBits[verb]) !== 0
  }

  /** Unlike maskFor, braces are text in the name of a file. */
  mask(caller: Caller, path: Path): number {
    return this.#policyFor(caller, this.#service, fileText(path), 'GET').verbs
  }

  /** Throws Forbidden, in the words of the kernel. */
  demand(caller: Caller, path: Path, verb: Verb): void {
    if (this.may(caller, path, verb)) return
    const what = path.length === 0 ? '' : `component '${fileText(path).toLowerCase()}' of `
    throw new Forbidden(
      `Access Forbidden. ${verb} access to ${what}service '${this.#service}' is not allowed by this user's role.`,
    )
  }
}
