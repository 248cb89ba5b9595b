/** A session that notes what its writes mean for others. */
import type { Planned, ReadPlan, Row, SchemaPlan, WriteOutcome, WritePlan, WriteSession } from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import { type Notice, type Notices, noticesOf } from './notices.ts'

export class NotingSession implements WriteSession {
  readonly #session: WriteSession
  readonly #notices: Notices

  constructor(session: WriteSession, notices: Notices) {
    this.#session = session
    this.#notices = notices
  }

  rows(plan: Planned<ReadPlan>): Promise<readonly Row[]> {
    return this.#session.rows(plan)
  }

  run(
    plan: Planned<WritePlan>,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    const { into, kind } = plan.plan
    return this.runTelling(noticesOf(into.name, kind), plan, executions, mode)
  }

  /** The same, for who knows better what it means. */
  async runTelling(
    notices: readonly Notice[],
    plan: Planned<WritePlan>,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    const outcomes = await this.#session.run(plan, executions, mode)
    if (outcomes.some((outcome) => outcome.ok && outcome.affected > 0)) this.#notices.add(notices)
    return outcomes
  }

  tell(notice: Notice): void {
    this.#notices.add([notice])
  }

  savepoint<T>(work: () => Promise<T>): Promise<T> {
    return this.#session.savepoint(work)
  }

  change(...plans: readonly SchemaPlan[]): Promise<void> {
    return this.#session.change(...plans)
  }
}
