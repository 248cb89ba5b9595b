/** Documentation of services (control-plane 6): what the kernel, services and plugins ask of each other for it. */
import { type Ability, type ApiReply, type ApiRequest, ability } from './contract.ts'

/** Answers `GET /{service}/_spec`, for every service. Offered by plugins/api-docs. */
export interface Documents {
  /** Throws BadRequest for another verb than GET. */
  spec(request: ApiRequest): Promise<ApiReply>
  /** `GET /api_docs` and `GET /api_docs/{service}`. */
  docs(request: ApiRequest): Promise<ApiReply>
  /** What is at `/docs` and below, by the segments: the page to read documents with. null: nothing. */
  page(below: readonly string[]): Promise<ApiReply | null>
}
export const DocumentsAbility: Ability<Documents> = ability<Documents>('Documents')

/** Documents that administrators wrote for services. Offered by plugins/system. */
export interface StoredDocuments {
  /** JSON or YAML, as it was saved; null: there is none. */
  of(serviceId: number): Promise<string | null>
}
export const StoredDocumentsAbility: Ability<StoredDocuments> = ability<StoredDocuments>('StoredDocuments')
