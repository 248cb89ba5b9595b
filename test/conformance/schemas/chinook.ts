/** The Chinook media store: names in mixed case, a self-reference, a playlist's junction. The tables are those of the public sample; the rows are made here. */
import { schema } from './tables.ts'

const address = `Address string(70)?
  City string(40)?
  State string(40)?
  Country string(40)?
  PostalCode string(10)?
  Phone string(24)?
  Fax string(24)?`

export const chinook = schema(
  {
    Artist: `ArtistId integer key
      Name string(120)?`,
    Album: `AlbumId integer key
      Title string(160)
      ArtistId integer -> Artist.ArtistId`,
    Employee: `EmployeeId integer key
      LastName string(20)
      FirstName string(20)
      Title string(30)?
      ReportsTo integer? -> Employee.EmployeeId later
      BirthDate datetime?
      HireDate datetime?
      ${address}
      Email string(60)?`,
    Customer: `CustomerId integer key
      FirstName string(40)
      LastName string(20)
      Company string(80)?
      ${address}
      Email string(60)
      SupportRepId integer? -> Employee.EmployeeId`,
    Genre: `GenreId integer key
      Name string(120)?`,
    MediaType: `MediaTypeId integer key
      Name string(120)?`,
    Track: `TrackId integer key
      Name string(200)
      AlbumId integer? -> Album.AlbumId
      MediaTypeId integer -> MediaType.MediaTypeId
      GenreId integer? -> Genre.GenreId
      Composer string(220)?
      Milliseconds integer
      Bytes integer?
      UnitPrice decimal(10.2)`,
    Invoice: `InvoiceId integer key
      CustomerId integer -> Customer.CustomerId
      InvoiceDate datetime
      BillingAddress string(70)?
      BillingCity string(40)?
      BillingState string(40)?
      BillingCountry string(40)?
      BillingPostalCode string(10)?
      Total decimal(10.2)`,
    InvoiceLine: `InvoiceLineId integer key
      InvoiceId integer -> Invoice.InvoiceId
      TrackId integer -> Track.TrackId
      UnitPrice decimal(10.2)
      Quantity integer`,
    Playlist: `PlaylistId integer key
      Name string(120)?`,
    PlaylistTrack: `PlaylistId integer key -> Playlist.PlaylistId
      TrackId integer key -> Track.TrackId`,
  },
  {
    Artist: 12,
    Album: 20,
    Employee: 8,
    Customer: 15,
    Genre: 5,
    MediaType: 4,
    Track: 60,
    Invoice: 30,
    InvoiceLine: 80,
    Playlist: 6,
    PlaylistTrack: 60,
  },
)
